"""What an annotated graph computes, and in which arithmetic: multiply-adds, and the parts that a latency is made of.

Multiply-adds are those of convolutions and matrix products; element-wise layers are counted by the elements that they
write. A border between integers and float costs a conversion of the tensor that stands there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Annotation, Conv, Dense, DepthwiseConv, Graph, Node

Parts = NDArray[np.float64]
PARTS = (
    "multiply-adds of convolutions and products",
    "multiply-adds of depthwise convolutions",
    "elements of other layers",
    "elements converted",
    "conversions",
)


def multiply_adds(graph: Graph, node: Node) -> int:
    """For one picture; 0 for a layer without a kernel."""
    outputs = math.prod(graph.shapes[node.output])
    match node:
        case Conv():
            return outputs * math.prod(node.kernel.shape[:3])
        case DepthwiseConv():
            return outputs * math.prod(node.kernel.shape[:2])
        case Dense():
            return int(outputs * node.kernel.shape[0])
        case _:
            return 0


def is_float(node: Node, annotation: Annotation) -> bool:
    """Whether the node computes in float: something that it reads or writes, or its weights, have no integers."""
    if isinstance(node, Conv | DepthwiseConv | Dense) and node.name not in annotation.weights:
        return True
    return any(tensor not in annotation.tensors for tensor in (*node.inputs, node.output))


def integer_share(graph: Graph, annotation: Annotation) -> float:
    """Share of the multiply-adds that are done in integers; 1 for a graph that has none."""
    every = [(multiply_adds(graph, node), is_float(node, annotation)) for node in graph.nodes]
    total = sum(count for count, _ in every)
    return sum(count for count, floats in every if not floats) / total if total else 1.0


def float_parts(graph: Graph, annotation: Annotation) -> Parts:
    """(len(PARTS),): how much of each part is done in float, or done because something is."""
    parts = dict.fromkeys(PARTS, 0.0)
    floats = {node.name for node in graph.nodes if is_float(node, annotation)}
    for node in graph.nodes:
        if node.name not in floats:
            continue
        if isinstance(node, Conv | Dense):
            parts[PARTS[0]] += multiply_adds(graph, node)
        elif isinstance(node, DepthwiseConv):
            parts[PARTS[1]] += multiply_adds(graph, node)
        else:
            parts[PARTS[2]] += math.prod(graph.shapes[node.output])
    for tensor in annotation.tensors:
        count = _conversions(graph, tensor, floats)
        parts[PARTS[3]] += count * math.prod(graph.shapes[tensor])
        parts[PARTS[4]] += count
    return np.array(list(parts.values()))


def _conversions(graph: Graph, tensor: str, floats: set[str]) -> int:
    """Of a tensor that is stored in integers: one where it is written in float, one where it is read in float."""
    producer = graph.producer(tensor)
    written = producer is not None and producer.name in floats
    return int(written) + int(any(node.name in floats for node in graph.consumers(tensor)))
