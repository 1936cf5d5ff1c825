"""What an annotated graph computes: every stored tensor rounded to its integers, weights as their integers.

    stored(x) = scale * (clip(round(x / scale) + zero_point) - zero_point)          round half to even

Sums and products of 8 bits round where the runtimes' kernels do (`kernels`), so a file and this agree to the bit on
nearly all pictures: on 92 % of them and more no probability differs (docs/findings.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from keras import ops

from fv_export.execute import Executor, Stored
from fv_export.graph import Annotation, Conv, Dense, DepthwiseConv, Floats, Graph
from fv_export.kernels import as_kernels
from fv_export.quantize import dequantized

_PICTURES_AT_ONCE = 16


def run(
    graph: Graph,
    annotation: Annotation,
    batch: Floats,
    wanted: Sequence[str] | None = None,
    file_format: str = "tflite",
) -> dict[str, Floats]:
    """As `execute.run`, of the quantized graph as a file of `file_format` computes it; values are real numbers."""
    tensors = (graph.output,) if wanted is None else tuple(wanted)
    executor = Executor(
        with_integer_weights(graph, annotation), tensors, rounding(annotation), as_kernels(annotation, file_format)
    )
    parts = [executor(batch[i : i + _PICTURES_AT_ONCE]) for i in range(0, len(batch), _PICTURES_AT_ONCE)]
    return {tensor: np.concatenate([part[tensor] for part in parts]) for tensor in tensors}


def with_integer_weights(graph: Graph, annotation: Annotation) -> Graph:
    """The graph with each kernel and bias replaced by what its integers stand for."""
    nodes = []
    for node in graph.nodes:
        if isinstance(node, (Conv, DepthwiseConv, Dense)) and node.name in annotation.weights:
            source = annotation.tensors.get(node.inputs[0])
            s_in = 1.0 if source is None else float(source.scale[0])
            node = dequantized(node, annotation.weights[node.name], s_in)
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def rounding(annotation: Annotation) -> Stored:
    """Rounds each tensor to what its integers can hold."""

    def stored(tensor: str, value: Any) -> Any:
        quantized = annotation.tensors.get(tensor)
        if quantized is None:
            return value
        scale, zero_point = float(quantized.scale[0]), int(quantized.zero_point[0])
        low, high = quantized.limits
        # In float32, 3 / float32(6 / 255) is 127.5, a tie, which it is not: 127.4999976.
        steps = ops.round(ops.cast(value, "float64") / scale)
        return ops.cast(ops.clip(steps, low - zero_point, high - zero_point) * scale, value.dtype)

    return stored
