"""Run the normal form, so that every rewrite and range can be checked on real pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from fv_export.graph import Floats, Graph, Node, Softmax
from fv_export.operations import run_node

# Sixteen pictures of 224 pixels keep the widest maps of an EfficientNet-B0 under 100 MB.
_PICTURES_AT_ONCE = 16

# (name of a tensor, its value on the backend) -> the value that its readers see.
Stored = Callable[[str, Any], Any]
# (node, the values that it reads) -> the value that it writes.
Compute = Callable[[Node, Sequence[Any]], Any]


class Executor:
    """A graph made ready to run many times.

    `wanted`: names of the tensors to return; only what they need is computed. `stored`: what becomes of a tensor's
    value when it is stored, by its name; simulation rounds there. None: nothing. `compute`: what nodes compute.
    """

    def __init__(
        self, graph: Graph, wanted: Sequence[str], stored: Stored | None = None, compute: Compute = run_node
    ) -> None:
        unknown = [tensor for tensor in wanted if tensor not in graph.shapes]
        if unknown:
            raise ValueError(f"no such tensors: {unknown}")
        self._input_shape = graph.shapes[graph.input][1:]
        self._wanted = tuple(dict.fromkeys(wanted))
        self._function = _compiled(forward(graph, self._wanted, stored or as_it_is, compute), self._input_shape)

    def __call__(self, batch: Floats) -> dict[str, Floats]:
        """batch: (n, H, W, C), 0 to 255. Returns {tensor: (n, ...) float32}."""
        if batch.shape[1:] != self._input_shape:
            raise ValueError(f"pictures of shape {batch.shape[1:]}, not {self._input_shape}")
        results = self._function(np.ascontiguousarray(batch, np.float32))
        return {tensor: ops.convert_to_numpy(value) for tensor, value in zip(self._wanted, results, strict=True)}


def run(graph: Graph, batch: Floats, wanted: Sequence[str] | None = None) -> dict[str, Floats]:
    """Run pictures (n, H, W, C), 0 to 255, through the graph; returns {tensor: (n, ...) float32}.

    `wanted`: tensor names, the graph's output where None. Pictures go through a few at a time, so that memory is
    bounded by what is returned.
    """
    executor = Executor(graph, (graph.output,) if wanted is None else wanted)
    parts = [executor(batch[i : i + _PICTURES_AT_ONCE]) for i in range(0, len(batch), _PICTURES_AT_ONCE)]
    return {tensor: np.concatenate([part[tensor] for part in parts]) for tensor in parts[0]}


def needed(graph: Graph, wanted: Sequence[str]) -> list[Node]:
    """The nodes that the tensors `wanted` are made of, in order."""
    live, kept = set(wanted), []
    for node in reversed(graph.nodes):
        if node.output in live:
            kept.append(node)
            live.update(node.inputs)
    return kept[::-1]


def answer_of(graph: Graph) -> str:
    """The tensor of the logits: what the softmax reads, or the output where there is none."""
    node = graph.producer(graph.output)
    return node.inputs[0] if isinstance(node, Softmax) else graph.output


def as_it_is(tensor: str, value: Any) -> Any:
    """Stores a value unchanged."""
    return value


def forward(
    graph: Graph, wanted: tuple[str, ...], stored: Stored, compute: Compute = run_node
) -> Callable[[Any], list[Any]]:
    """A function: pictures (n, H, W, C) -> the values of the tensors `wanted`, on the backend, nothing compiled."""
    nodes = needed(graph, wanted)
    last_use = {tensor: node.name for node in nodes for tensor in node.inputs}

    def run_nodes(batch: Any) -> list[Any]:
        values = {graph.input: stored(graph.input, batch)}
        for node in nodes:
            values[node.output] = stored(node.output, compute(node, [values[tensor] for tensor in node.inputs]))
            for tensor in node.inputs:
                if last_use[tensor] == node.name and tensor not in wanted:
                    values.pop(tensor, None)
        return [values[tensor] for tensor in wanted]

    return run_nodes


def _compiled(function: Callable[[Any], list[Any]], input_shape: tuple[int, ...]) -> Callable[[Any], list[Any]]:
    """One compiled step where the backend is TensorFlow; other backends run the operations one by one."""
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *input_shape), tf.float32)]
    compiled = tf.function(function, input_signature=signature, autograph=False).get_concrete_function()

    def step(batch: Any) -> list[Any]:
        results: list[Any] = compiled(tf.constant(batch))
        return results

    return step
