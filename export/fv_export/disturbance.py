"""Ranges chosen tensor by tensor: the one that disturbs the answer least.

Storing a tensor x with a range makes an error d: steps that are too wide, or values cut off. To first order it moves
the logits z by J d, J = dz/dx, and for a random direction r of the logits (signs, centred)

    E_r (r^T J d)^2 = |J d|^2                (Hutchinson 1990: the trace estimator)

r^T J is one backward pass for all the tensors at once. So each picture gives, for each tensor and candidate range, one
number |g^T d|, and the range with the smallest mean over the pictures is taken. The magnitude and not its square: a few
pictures with extreme values would rule the sum of squares.

Candidates are the tails cut off at each end, from none to a thousandth; tensors that share a scale choose together.
Unlike an error of the tensor itself (mse, entropy), this knows which values matter: a rare large value may be all that
the next layer reads, or nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from fv_export.errors import CalibrationFailed
from fv_export.execute import answer_of, needed
from fv_export.gradient_histogram import Contest
from fv_export.graph import Floats, Graph, Quantized
from fv_export.histogram import Histogram
from fv_export.operations import run_node
from fv_export.quantize import quantized_tensors
from fv_export.ranges import Range, groups

NAME = "disturbance"
# Shares cut off at each end. On a trained MobileNetV3Small every one of them was the best for some tensor.
_TAILS = (0.0, 1e-6, 1e-5, 3e-5, 1e-4, 2e-4, 4e-4, 1e-3)
# Pictures that decide: on a trained MobileNetV3Small 16, 32, 96 and 200 of them leave an error of the logits of 19.8,
# 20.4, 21.0 and 20.8 dB (docs/findings.md). Large networks get fewer, at most so many values of tensors in all of them:
# 65 for a MobileNetV3Small at 224 px, 27 for the large one, four and eight seconds of one core (busy machine).
_PICTURES = 96
_FEWEST_PICTURES = 16
_VALUES = 240_000_000
# Values, gradients and candidates of four pictures of an EfficientNet-B0 at 224 px stay under 2 GB.
_PICTURES_AT_ONCE = 4
_SEED = 0

Step = Callable[[Any, Any], Any]


def least_disturbing(
    graph: Graph, histograms: dict[str, Histogram], pictures: NDArray[np.generic], bits: int
) -> dict[str, Range]:
    """(low, high) of every tensor; `pictures` (n, H, W, C), 0 to 255, of which up to about a hundred are used.

    `histograms`: of `calibrate.collect`. `bits`: 8 or 16. Raises `CalibrationFailed` without TensorFlow's gradients.
    """
    _check_backend()
    observed = [{tensor: _tails(histogram, share) for tensor, histogram in histograms.items()} for share in _TAILS]
    affordable = _VALUES // sum(math.prod(shape) for shape in graph.shapes.values())
    count = min(max(affordable, _FEWEST_PICTURES), _PICTURES, len(pictures))
    chosen = np.linspace(0, len(pictures) - 1, count).astype(int)
    errors = _disturbances(graph, observed, np.asarray(pictures[chosen], np.float32), bits)
    ranges = dict(observed[0])
    single = [(tensor,) for tensor in ranges]
    shared = groups(graph)
    for group in [*single, *shared]:
        # What the logits are not made of keeps all its values.
        total = sum(errors[tensor] for tensor in group if tensor in errors)
        best = observed[int(np.argmin(total))]
        ranges.update({tensor: best[tensor] for tensor in group})
    return ranges


def _tails(histogram: Histogram, share: float) -> Range:
    return histogram.tails(share) if share else (histogram.low, histogram.high)


def _disturbances(
    graph: Graph, observed: list[dict[str, Range]], pictures: Floats, bits: int
) -> dict[str, NDArray[np.float64]]:
    """Tensor -> (candidates,) mean disturbance of the logits, for those whose candidates differ and matter."""
    logits = answer_of(graph)
    contests = _contests(graph, logits, [quantized_tensors(graph, ranges, bits) for ranges in observed])
    step = _compiled(_step(graph, logits, list(contests)), graph, logits)
    shape = (len(pictures), *graph.shapes[logits][1:])
    signs = np.random.default_rng(_SEED).choice(np.array([-1, 1], np.float32), shape)
    sums = {tensor: np.zeros(len(observed)) for tensor in contests}
    for at in range(0, len(pictures), _PICTURES_AT_ONCE):
        part = slice(at, at + _PICTURES_AT_ONCE)
        seen = step(pictures[part], signs[part])
        for (tensor, contest), values, gradients in zip(contests.items(), *seen, strict=True):
            sums[tensor] += np.abs(contest.disturbances(values.numpy(), gradients.numpy())).sum(axis=0)
    return {tensor: total / len(pictures) for tensor, total in sums.items()}


def _contests(graph: Graph, logits: str, candidates: list[dict[str, Quantized]]) -> dict[str, Contest]:
    """Tensor -> its candidates, for what the logits are made of and where there is a choice at all."""
    live = {logits, *(tensor for node in needed(graph, [logits]) for tensor in node.inputs)}
    contests = {}
    for tensor in candidates[0]:
        grids = [each[tensor] for each in candidates]
        different = {(float(grid.scale[0]), int(grid.zero_point[0])) for grid in grids}
        if tensor in live and len(different) > 1:
            contests[tensor] = Contest(grids)
    return contests


def _step(graph: Graph, logits: str, tensors: list[str]) -> Step:
    """(pictures (n, H, W, C), signs (n, ...) of the logits) -> values and gradients of `tensors`, each (n, ...)."""
    import tensorflow as tf

    nodes = needed(graph, [logits])

    def step(pictures: Any, signs: Any) -> Any:
        values = {graph.input: pictures}
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            for node in nodes:
                values[node.output] = run_node(node, [values[tensor] for tensor in node.inputs])
            centred = values[logits] - ops.mean(values[logits], axis=-1, keepdims=True)
            projected = ops.sum(centred * signs)
        kept = [values[tensor] for tensor in tensors]
        return kept, tape.gradient(projected, kept, unconnected_gradients="zero")

    return step


def _compiled(step: Step, graph: Graph, logits: str) -> Step:
    import tensorflow as tf

    pictures = tf.TensorSpec((None, *graph.shapes[graph.input][1:]), tf.float32)
    signs = tf.TensorSpec((None, *graph.shapes[logits][1:]), tf.float32)
    compiled: Step = tf.function(step, input_signature=[pictures, signs], autograph=False).get_concrete_function()
    return lambda batch, projection: compiled(tf.constant(batch), tf.constant(projection))


def _check_backend() -> None:
    """Raise `CalibrationFailed` where Keras has no TensorFlow below it, whose gradients this needs."""
    if keras.backend.backend() != "tensorflow":
        raise CalibrationFailed(
            f"the calibration method {NAME} needs TensorFlow",
            why=f"Keras runs on {keras.backend.backend()} here",
            hint="export KERAS_BACKEND=tensorflow",
        )
