"""What each tensor of a file adds to the error of the answer.

For a node f with float weights, writing y from inputs x; a hat marks what the file computed:

    own error        d = ŷ - f(x̂)           made here alone: rounding, clipping, the node's weights in integers
    whole error      e = ŷ - y              with everything that came in from before

To first order the own error moves the logits z by J d, J = dz/dy at the float network's own point. For a direction r of
the logits (random signs, centred), r^T J is one backward pass for all tensors at once and E_r (r^T J d)² = |J d|²
(Hutchinson 1990). So each tensor has its share of the damage done to the answer, and the shares say where to act: a
large error that nothing behind it reads (what lies below -3 in front of a hard-swish) has none.

Which values of a tensor the answer reads at all, w = E_r (r^T J)² says value by value (1 behind the logits).

Where the file has no partner for a tensor, f(x̂) takes its place and its own error counts for the tensors behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from fv_export.errors import CalibrationFailed
from fv_export.execute import answer_of, needed
from fv_export.graph import Floats, Graph
from fv_export.operations import run_node

# Directions of the logits for each picture: with 64 pictures the shares of a MobileNetV3Small move by a tenth.
DIRECTIONS = 4


@dataclass(frozen=True, eq=False)
class Compared:
    """Of some pictures, by tensor: `reference` y, `expected` f(x̂) and `weight` w, all (n, ...); `moved` r^T J d.

    `moved` is (directions, n), of the tensors that the logits are made of.
    """

    reference: dict[str, Floats]
    expected: dict[str, Floats]
    weight: dict[str, Floats]
    moved: dict[str, NDArray[np.float64]]


class Comparison:
    """A graph made ready to be compared with a file that has the tensors `known`."""

    def __init__(self, graph: Graph, known: Sequence[str]) -> None:
        _check_backend()
        self._graph = graph
        self._known = tuple(known)
        self._logits = answer_of(graph)
        live = {self._logits, *(tensor for node in needed(graph, [self._logits]) for tensor in node.inputs)}
        self._live = tuple(tensor for tensor in self._known if tensor in live)
        self._step = _compiled(self._compare, graph, self._known, self._logits)
        self._chance = np.random.default_rng(0)

    def __call__(self, pictures: Floats, file: dict[str, Floats]) -> Compared:
        """pictures: (n, H, W, C), 0 to 255; `file`: what it computed for each tensor of `known`, (n, ...)."""
        width = self._graph.shapes[self._logits][1:]
        signs = self._chance.choice(np.array([-1, 1], np.float32), (DIRECTIONS, len(pictures), *width))
        reference, expected, weight, moved = self._step(pictures, [file[tensor] for tensor in self._known], signs)
        weights = _named(self._live, weight)
        return Compared(
            reference=_named(self._known, reference),
            expected=_named(self._known, expected),
            weight={name: weights[name] if name in weights else np.ones_like(file[name]) for name in self._known},
            moved={tensor: np.asarray(value, np.float64) for tensor, value in zip(self._live, moved, strict=True)},
        )

    def _compare(self, pictures: Any, file: list[Any], signs: Any) -> tuple[list[Any], ...]:
        """Lists by tensor: reference and expected of `known`, weight and moved of `live`."""
        import tensorflow as tf

        given = dict(zip(self._known, file, strict=True))
        expected = self._expected(pictures, given)
        with tf.GradientTape(persistent=True) as tape:
            values = self._watched(pictures, tape)
            centred = values[self._logits] - ops.mean(values[self._logits], axis=-1, keepdims=True)
            projected = [ops.sum(centred * signs[number]) for number in range(DIRECTIONS)]
        kept = [values[tensor] for tensor in self._live]
        errors = [given[tensor] - expected[tensor] for tensor in self._live]
        # (direction, tensor): r^T J.
        rows = [tape.gradient(one, kept, unconnected_gradients="zero") for one in projected]
        columns = list(zip(*rows, strict=True))
        moved = [ops.stack([_dot(error, one) for one in column]) for error, column in zip(errors, columns, strict=True)]
        weight = [sum(one * one for one in column) / DIRECTIONS for column in columns]
        known = self._known
        return [values[tensor] for tensor in known], [expected[tensor] for tensor in known], weight, moved

    def _watched(self, pictures: Any, tape: Any) -> dict[str, Any]:
        tape.watch(pictures)
        values = {self._graph.input: pictures}
        for node in self._graph.nodes:
            values[node.output] = run_node(node, [values[tensor] for tensor in node.inputs])
        return values

    def _expected(self, pictures: Any, given: dict[str, Any]) -> dict[str, Any]:
        """f(x̂) of every node, x̂ from the file where it has it."""
        expected = {self._graph.input: pictures}
        for node in self._graph.nodes:
            inputs = [given.get(tensor, expected[tensor]) for tensor in node.inputs]
            expected[node.output] = run_node(node, inputs)
        return expected


def _dot(error: Any, gradient: Any) -> Any:
    return ops.sum(error * gradient, axis=tuple(range(1, len(error.shape))))


def _named(names: Sequence[str], values: Sequence[Any]) -> dict[str, Floats]:
    return {name: np.asarray(value, np.float32) for name, value in zip(names, values, strict=True)}


def _compiled(step: Callable[..., Any], graph: Graph, known: Sequence[str], logits: str) -> Callable[..., Any]:
    import tensorflow as tf

    pictures = tf.TensorSpec((None, *graph.shapes[graph.input][1:]), tf.float32)
    file = [tf.TensorSpec((None, *graph.shapes[tensor][1:]), tf.float32) for tensor in known]
    signs = tf.TensorSpec((DIRECTIONS, None, *graph.shapes[logits][1:]), tf.float32)
    compiled = tf.function(step, input_signature=[pictures, file, signs], autograph=False)

    def run(batch: Floats, values: list[Floats], directions: Floats) -> Any:
        return compiled(tf.constant(batch), [tf.constant(value) for value in values], tf.constant(directions))

    return run


def _check_backend() -> None:
    """Raise `CalibrationFailed` where Keras has no TensorFlow below it, whose gradients this needs."""
    if keras.backend.backend() != "tensorflow":
        raise CalibrationFailed(
            "the layer report needs TensorFlow",
            why=f"Keras runs on {keras.backend.backend()} here",
            hint="export KERAS_BACKEND=tensorflow",
        )
