"""From the ranges that were observed to those that are stored: what the kernels fix, and what cannot matter.

Fixed by the kernels (TensorFlow Lite 8-bit quantization specification)
    the picture 0...255 with scale 1 · LOGISTIC in [0, 1) · TANH in [-1, 1)
Known without looking
    an Affine of the picture: what 0...255 becomes
Free by algebra
    a tensor that only saturating functions read is cut where nothing changes any more:
        hard_swish(x), and its saturating form x relu6(x + 3): below -3 all is 0
        silu(x) as x sigmoid(x), 8 bits: below -6.24 = -ln(511) the stored sigmoid is 0, and so is the product
        hard_sigmoid(x), relu6(x + 3): constant below -3 and above 3
        sigmoid(x), 8 bits: within half a step of its ends beyond 6.24 = ln(511)
        tanh(x), 8 bits: within half a step of its ends beyond 3.12 = artanh(255/256)
    a fused or single ReLU begins at 0, a ReLU6 ends at 6 or before
Shared
    Reshape, Pool, Pad and Concat copy integers: what they read and write has one range, the union.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from fv_export.graph import (
    Activation,
    Affine,
    Clip,
    Concat,
    Function,
    Fused,
    Graph,
    Mul,
    Node,
    Pad,
    Pool,
    Reshape,
    Softmax,
)
from fv_export.joined import joined

Range = tuple[float, float]

_COPYING = (Reshape, Pool, Pad, Concat)
PICTURE: Range = (0.0, 255.0)
_EVERYTHING: Range = (-math.inf, math.inf)
# What a function can still tell apart: beyond, its result is constant, or within half a step of 8 bits of it.
_MATTERS: dict[Function, Range] = {
    Function.HARD_SWISH: (-3.0, math.inf),
    Function.HARD_SIGMOID: (-3.0, 3.0),
    Function.SIGMOID: (-math.log(511.0), math.log(511.0)),
    Function.TANH: (-math.atanh(255 / 256), math.atanh(255 / 256)),
    Function.RELU: (0.0, math.inf),
    Function.RELU6: (0.0, 6.0),
}
_WRITTEN: dict[Function, Range] = {
    Function.RELU: (0.0, math.inf),
    Function.RELU6: (0.0, 6.0),
    Function.SIGMOID: (0.0, 1.0),
    Function.HARD_SIGMOID: (0.0, 1.0),
    Function.TANH: (-1.0, 1.0),
}
_FUSED: dict[Fused, Range] = {Fused.NONE: _EVERYTHING, Fused.RELU: (0.0, math.inf), Fused.RELU6: (0.0, 6.0)}
# 16 bits see further into the tails of the smooth functions, so only the exact cuts are made there.
_ONLY_8_BITS = (Function.SIGMOID, Function.TANH)


def settled(graph: Graph, observed: dict[str, Range], bits: int) -> dict[str, Range]:
    """The range of every tensor that is stored in integers of `bits`; each contains 0."""
    ranges = {}
    for tensor in graph.tensors():
        low, high = _of_picture(graph, tensor) or observed[tensor]
        for bound in (_written(graph.producer(tensor)), _matters(graph, tensor, bits)):
            low, high = _within((low, high), bound)
        ranges[tensor] = (min(low, 0.0), max(high, 0.0))
    for group in groups(graph):
        union = (min(ranges[tensor][0] for tensor in group), max(ranges[tensor][1] for tensor in group))
        ranges.update(dict.fromkeys(group, union))
    return ranges


def _of_picture(graph: Graph, tensor: str) -> Range | None:
    """The range of the picture, or of an Affine of it; None for other tensors."""
    if tensor == graph.input:
        return PICTURE
    node = graph.producer(tensor)
    if not isinstance(node, Affine) or node.inputs != (graph.input,):
        return None
    ends = [node.scale * pixel + node.shift for pixel in PICTURE]
    return float(min(end.min() for end in ends)), float(max(end.max() for end in ends))


def groups(graph: Graph) -> list[tuple[str, ...]]:
    """The sets of tensors that must have one scale and zero point, each of two or more, in order of the graph."""
    members: dict[str, list[str]] = {}
    for tensor, leader in joined(graph, lambda node: isinstance(node, _COPYING)).items():
        members.setdefault(leader, []).append(tensor)
    return [tuple(group) for group in members.values() if len(group) > 1]


def _written(node: Node | None) -> Range:
    """What a node can write at all."""
    if isinstance(node, Activation):
        return _WRITTEN.get(node.function, _EVERYTHING)
    if isinstance(node, Clip):
        return node.low, node.high
    return _FUSED[getattr(node, "fused", Fused.NONE)]


def _matters(graph: Graph, tensor: str, bits: int) -> Range:
    """What the readers of a tensor can tell apart; everything for the graph's output."""
    if tensor == graph.output:
        return _EVERYTHING
    needs = [_matters_to(graph, tensor, node, bits) for node in graph.consumers(tensor)]
    return (min(low for low, _ in needs), max(high for _, high in needs)) if needs else _EVERYTHING


def _matters_to(graph: Graph, tensor: str, node: Node, bits: int) -> Range:
    if isinstance(node, Activation) and not (bits > 8 and node.function in _ONLY_8_BITS):
        return _MATTERS.get(node.function, _EVERYTHING)
    if _is_saturating_sum(node):
        return -3.0, 3.0
    if isinstance(node, Mul):
        return max(_gated_from(graph.producer(other), tensor, bits) for other in node.inputs), math.inf
    return _EVERYTHING


def _is_saturating_sum(node: Node | None) -> bool:
    """Whether it is relu6(x + 3)."""
    return (
        isinstance(node, Affine)
        and node.fused is Fused.RELU6
        and bool((node.scale == 1.0).all() and (node.shift == 3.0).all())
    )


def _gated_from(node: Node | None, tensor: str, bits: int) -> float:
    """Where the product of a tensor with the answer of `node` begins to be another than 0."""
    if node is None or node.inputs != (tensor,):
        return -math.inf
    if _is_saturating_sum(node):
        return -3.0
    is_sigmoid = isinstance(node, Activation) and node.function is Function.SIGMOID
    return _MATTERS[Function.SIGMOID][0] if is_sigmoid and bits == 8 else -math.inf


def _within(values: Range, bound: Range) -> Range:
    """The part of `values` inside `bound`; the nearer end of `bound` where there is none."""
    low, high = (min(max(value, bound[0]), bound[1]) for value in values)
    return low, high


def stored_as_float(graph: Graph) -> Iterable[tuple[str, str]]:
    """(tensor, reason) for what stays float in integer files by design: the answer of the softmax."""
    for node in graph.nodes:
        if isinstance(node, Softmax):
            yield node.output, "the answer is given in float32"
