"""What an annotated graph computes, in float: every stored tensor rounded to its integers, weights as their integers.

    stored(x) = scale * (clip(round(x / scale) + zero_point) - zero_point)          round half to even

A kernel's own rounding may differ in ties and inside products of several steps (mean, add, mul), so a file agrees with
this to a step of a tensor here and there, not to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from keras import ops

from fv_export.execute import Executor, Stored
from fv_export.graph import Annotation, Conv, Dense, DepthwiseConv, Floats, Graph
from fv_export.quantize import dequantized

_PICTURES_AT_ONCE = 16


def run(graph: Graph, annotation: Annotation, batch: Floats, wanted: Sequence[str] | None = None) -> dict[str, Floats]:
    """As `execute.run`, of the quantized graph; values are real numbers, not integers."""
    tensors = (graph.output,) if wanted is None else tuple(wanted)
    executor = Executor(with_integer_weights(graph, annotation), tensors, rounding(annotation))
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
        steps = ops.clip(ops.round(value / scale), low - zero_point, high - zero_point)
        return steps * scale

    return stored
