"""The bias of the last layer, such that the mean of every class's logit is what it is in float.

    b_c <- b_c + mean over pictures of (z_c of the float graph - z_c of the 8-bit one)

What 8 bits do to a hundred tensors adds up to an error of the logits whose mean over the pictures is not 0: each range
that cuts a tail moves a mean, and so does every rounding at 0. That part, 5 to 16 % of the error's power in trained
networks, is the same on pictures nobody has seen, and it always pushes the same classes (docs/findings.md).
Only the last layer is corrected (bias correction: Nagel et al. 2019, arXiv 1906.04721, section 4.2, "empirically"): in
the layers before, a mean that was moved by cut tails is moved back for all values that were not cut, which harms more
than it helps. What the kernels compute is simulated by rounding every stored tensor, without their ties and fixed
points: those have no mean to speak of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fv_export import simulate
from fv_export.execute import Executor, Stored, answer_of
from fv_export.graph import Annotation, Conv, Dense, Floats, Fused, Graph, Reshape, Shape
from fv_export.looking import Looker

# What stands among the rewrites of a file whose last bias was corrected.
NAME = "answer_bias"
# Pictures whose mean is taken: on two trained networks 64 give nine tenths of what 200 give.
PICTURES = 64
# With fewer, chance moves a mean by more than 8 bits do where their share is small (EfficientNetB0: 4 %).
FEWEST = 32
_AT_ONCE = 16
# As for every bias (`quantize`): half of int32, the other half is left to the sum of products.
_LARGEST = 1 << 30


class Logits(Looker):
    """Keeps the logits of all pictures: `found()` is (n, ..., C)."""

    def __init__(self, graph: Graph) -> None:
        super().__init__((answer_of(graph),))
        self._parts: list[Floats] = []

    def add(self, values: dict[str, Floats]) -> None:
        """Take in the logits of some pictures."""
        self._parts.append(values[self.tensors[0]])

    def found(self) -> Floats:
        """Of all pictures in the order in which they were shown."""
        return np.concatenate(self._parts)


def answers(graph: Graph) -> tuple[str, ...]:
    """The tensor of the logits, and those that it is only a Reshape of, back to what the last layer writes."""
    found = [answer_of(graph)]
    node = graph.producer(found[0])
    while isinstance(node, Reshape) and _one_pixel(graph.shapes[node.inputs[0]], graph.shapes[node.output]):
        found.append(node.inputs[0])
        node = graph.producer(found[-1])
    return tuple(found)


def last_layer(graph: Graph, annotation: Annotation) -> Dense | Conv | None:
    """The layer that writes the logits, where it computes in 8 bits and its bias is added to them as it is."""
    node = graph.producer(answers(graph)[-1])
    if not isinstance(node, (Dense, Conv)) or node.fused is not Fused.NONE or node.name not in annotation.weights:
        return None
    ends = [annotation.tensors.get(tensor) for tensor in (node.inputs[0], node.output)]
    return node if all(end is not None and end.bits == 8 for end in ends) else None


def obstacle(graph: Graph, annotation: Annotation, pictures: int) -> str:
    """Why `kept` leaves the bias as it is, with so many pictures; empty where it does not."""
    if last_layer(graph, annotation) is None:
        return "no layer adds its bias to the logits in 8 bits"
    return f"{pictures} calibration pictures are too few, it takes {FEWEST}" if pictures < FEWEST else ""


def kept(graph: Graph, annotation: Annotation, pictures: NDArray[np.uint8], full: Floats) -> tuple[Graph, Annotation]:
    """`graph` and `annotation` with the last layer's bias corrected; as they are where there is an `obstacle`.

    `pictures`: (n, H, W, 3) uint8 network inputs. `full`: (n, ..., C) logits of the float graph on them.
    """
    node = last_layer(graph, annotation)
    if node is None or obstacle(graph, annotation, len(pictures)):
        return graph, annotation
    chosen = np.arange(min(PICTURES, len(pictures))) * len(pictures) // min(PICTURES, len(pictures))
    run = Executor(simulate.with_integer_weights(graph, annotation), (node.output,), _stored(annotation))
    parts = [run(pictures[rows].astype(np.float32))[node.output] for rows in _batches(chosen)]
    classes = node.kernel.shape[-1]
    error = full[chosen].astype(np.float64).reshape(-1, classes) - np.concatenate(parts).reshape(-1, classes)
    moved = error.mean(axis=0)
    weights = annotation.weights[node.name]
    step = float(annotation.tensors[node.inputs[0]].scale[0]) * weights.kernel_scale.scale
    bias = np.clip(weights.bias + np.rint(moved / step), -_LARGEST, _LARGEST)
    own = replace(weights, bias=bias.astype(np.int64))
    corrected = replace(node, bias=(node.bias + moved).astype(np.float32))
    nodes = tuple(corrected if other is node else other for other in graph.nodes)
    return replace(graph, nodes=nodes), replace(annotation, weights=annotation.weights | {node.name: own})


def _one_pixel(before: Shape, after: Shape) -> bool:
    """Whether a Reshape only leaves out or adds axes of one: (1, 1, 1, C) and (1, C)."""
    return before[-1] == after[-1] == math.prod(before) == math.prod(after)


def _batches(rows: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]


def _stored(annotation: Annotation) -> Stored:
    """As `simulate.rounding`; with TensorFlow by its fused kernel, which costs next to nothing."""
    if keras.backend.backend() != "tensorflow":
        return simulate.rounding(annotation)
    from fv_export import fake_quantization

    def stored(tensor: str, value: Any) -> Any:
        quantized = annotation.tensors.get(tensor)
        if quantized is None:
            return value
        return fake_quantization.stored(value, np.float32(quantized.scale[0]), np.float32(quantized.zero_point[0]))

    return stored
