"""Depthwise convolutions of an integer file, on sixteens of channels: the same integers, by onnxruntime's fast kernel.

Its symmetric depthwise kernel takes sixteen channels at a time, and is used where nothing is left over; else another
one takes over, for all of the layer, that is half as fast. So 72 channels of a MobileNetV3 become 80, of which the last
eight are zeros: filters of zeros make them, everything in between keeps channels apart, and the next convolution
multiplies them with zeros. All that is stored for the real channels stays what it was.

    Conv (c_out 72 -> 80)   [Activation, Affine, Mul, Mean, Pad, Pool, Clip, Add, DepthwiseConv]   Conv (c_in 72 -> 80)

The layer itself takes half the time (docs/findings.md, "onnxruntime kernels"), those around it a tenth more.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import (
    Activation,
    Add,
    Affine,
    Annotation,
    Clip,
    Conv,
    Dense,
    DepthwiseConv,
    Graph,
    Mean,
    Mul,
    Node,
    Pad,
    Pool,
    Quantized,
    Reshape,
    Weights,
)
from fv_export.joined import joined

SIXTEEN = 16
# With more zeros than this share the layers around cost what the depthwise one gains.
_MOST = 1 / 3
# What is saved on a product of a depthwise convolution pays for so many more in the others. At 56 x 56, 24 channels:
# 40 us saved on 0.7 million, 76 us for 38 million in three convolutions of 3 x 3, which is 30; half of it, to be safe.
_WORTH = 16
# Channel c of the result comes from channel c of what is read, and from no other.
_BY_CHANNEL = (Activation, Affine, Add, Clip, DepthwiseConv, Mean, Mul, Pad, Pool)


def in_whole_sixteens(channels: int) -> int:
    """`channels`, or the next larger multiple of sixteen."""
    return channels + -channels % SIXTEEN


def in_sixteens(graph: Graph, annotation: Annotation) -> tuple[Graph, Annotation]:
    """`graph` and `annotation` with channels of zeros wherever an 8-bit depthwise convolution lacks some."""
    wider = _wider(graph, annotation)
    if not wider:
        return graph, annotation
    shapes = {tensor: (*shape[:-1], wider.get(tensor, shape[-1])) for tensor, shape in graph.shapes.items()}
    nodes, weights = [], dict(annotation.weights)
    for node in graph.nodes:
        read, written = shapes[node.inputs[0]][-1], shapes[node.output][-1]
        nodes.append(_widened(node, read, written))
        if node.name in weights and isinstance(node, (Conv, Dense, DepthwiseConv)):
            weights[node.name] = _widened_weights(node, weights[node.name], read, written)
    return replace(graph, nodes=tuple(nodes), shapes=shapes), replace(annotation, weights=weights)


def _wider(graph: Graph, annotation: Annotation) -> dict[str, int]:
    """Tensor -> its new number of channels, for those that change."""
    groups = joined(graph, lambda node: _keeps_channels(graph, node))
    fixed = _fixed(graph, groups)
    wanted: dict[str, int] = {}
    products: dict[str, int] = {}
    for node in graph.nodes:
        if not isinstance(node, DepthwiseConv) or not _is_quantized(node, annotation):
            continue
        group, channels = groups[node.output], graph.shapes[node.output][-1]
        whole = in_whole_sixteens(channels)
        if channels < whole <= (1 + _MOST) * channels and group not in fixed:
            wanted[group] = whole
            products[group] = products.get(group, 0) + _products(graph, node)
    added = _added(graph, groups, wanted)
    found = {group: whole for group, whole in wanted.items() if added[group] <= _WORTH * products[group]}
    return {tensor: found[group] for tensor, group in groups.items() if group in found}


def _is_quantized(node: DepthwiseConv, annotation: Annotation) -> bool:
    return node.name in annotation.weights and {node.inputs[0], node.output} <= set(annotation.tensors)


def _products(graph: Graph, node: Conv | Dense | DepthwiseConv) -> int:
    return node.kernel.size * math.prod(graph.shapes[node.output][1:-1])


def _added(graph: Graph, groups: dict[str, str], wanted: dict[str, int]) -> dict[str, int]:
    """Products that the convolutions of each group would have more."""
    added = dict.fromkeys(wanted, 0)
    for node in graph.nodes:
        if not isinstance(node, (Conv, Dense)):
            continue
        ends = (node.inputs[0], node.output)
        before = [graph.shapes[tensor][-1] for tensor in ends]
        after = [wanted.get(groups[tensor], channels) for tensor, channels in zip(ends, before, strict=True)]
        more = _products(graph, node) * math.prod(after) // math.prod(before) - _products(graph, node)
        for group in {groups[tensor] for tensor in ends} & set(wanted):
            added[group] += more
    return added


def _keeps_channels(graph: Graph, node: Node) -> bool:
    shapes = [graph.shapes[tensor] for tensor in (*node.inputs, node.output)]
    if len({shape[-1] for shape in shapes}) > 1:
        return False
    # A vector becomes a map of one pixel, in front of the product of a gate.
    is_vector = all(math.prod(shape) == shape[-1] for shape in shapes)
    return isinstance(node, _BY_CHANNEL) or (isinstance(node, Reshape) and is_vector)


def _fixed(graph: Graph, groups: dict[str, str]) -> set[str]:
    """Groups of which a tensor is read or written by something that needs its channels as they are."""
    fixed = {groups[graph.input], groups[graph.output]}
    for node in graph.nodes:
        # A convolution's kernel takes zeros in on both sides.
        if not isinstance(node, (Conv, Dense)) and not _keeps_channels(graph, node):
            fixed |= {groups[tensor] for tensor in (*node.inputs, node.output)}
    return fixed


def _widened(node: Node, read: int, written: int) -> Node:
    """`node` with zeros in its weights, so that it reads and writes so many channels."""
    match node:
        case Conv() | Dense() | DepthwiseConv():
            kernel = _wide(node.kernel, _kernel_axes(node, read, written))
            return replace(node, kernel=kernel, bias=_wide(node.bias, {0: written}))
        case Affine():
            # What is the same for all channels stays so: it is written as one number.
            more = (0, written - node.scale.size)
            return replace(node, scale=np.pad(node.scale, more, "edge"), shift=np.pad(node.shift, more, "edge"))
        case Reshape():
            return replace(node, shape=(*node.shape[:-1], written))
        case _:
            return node


def _widened_weights(node: Conv | Dense | DepthwiseConv, weights: Weights, read: int, written: int) -> Weights:
    kernel = _wide(weights.kernel, _kernel_axes(node, read, written))
    return Weights(kernel, _wide_scale(weights.kernel_scale, written), _wide(weights.bias, {0: written}))


def _kernel_axes(node: Conv | Dense | DepthwiseConv, read: int, written: int) -> dict[int, int]:
    """Axis of the kernel -> its new length."""
    axes = node.kernel.ndim
    return {2: read} if isinstance(node, DepthwiseConv) else {axes - 2: read, axes - 1: written}


def _wide_scale(quantized: Quantized, channels: int) -> Quantized:
    """Any scale will do for zeros: the last one again. A scale for the whole kernel stays one."""
    if quantized.scale.size == 1:
        return quantized
    more = channels - quantized.scale.size
    scale = np.pad(quantized.scale, (0, more), mode="edge")
    return replace(quantized, scale=scale, zero_point=np.pad(quantized.zero_point, (0, more)))


def _wide(array: NDArray[Any], lengths: dict[int, int]) -> NDArray[Any]:
    """`array` with zeros behind it along the axes of `lengths`."""
    return np.pad(array, [(0, lengths.get(axis, size) - size) for axis, size in enumerate(array.shape)])
