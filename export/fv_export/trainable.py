"""An int8 graph whose kernels, biases and ranges can learn: the annotation and its simulation, differentiable.

Every number that learns is stored as a displacement from where it began, in a unit of its own, in one flat vector p:

    kernel       w + p max|w_c|                       a step of p is a share of the channel's largest weight
    bias         b + p 127 s_out                      or max|b| where the result stays float
    low, high    low + p R (high - low), alike high   of each group of tensors that share a scale

so one learning rate suits all, whatever the rewrites scaled, and p = 0 is the post-training quantization to the bit
(before its scales are moved off ties, by a thousandth or less: `ties`).
Adam's steps do not depend on the size of a gradient, so the unit alone says how fast a number moves.

A range stays fixed where the kernels or the picture fix it, and moves only inside the bounds that `ranges.settled`
would cut it to: what was learnt goes through `quantize.annotate` unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fv_export import fake_quantization
from fv_export.execute import answer_of, forward
from fv_export.graph import Annotation, Conv, Dense, DepthwiseConv, Floats, Graph, Node, Quantized
from fv_export.quantize import annotate, asymmetric
from fv_export.ranges import Range, groups, settled

_LINEAR = (Conv, DepthwiseConv, Dense)
# How much faster than weights ranges move (R above), for their width (docs/findings.md).
RANGE_SPEED = 10.0
# A range may shrink to this share of its ends and grow to its inverse: further is no refinement.
_REACH = 0.25
# Below it a probability is 0 for the loss; that of float32's rounding.
_SMALLEST = 1e-7


@dataclass(frozen=True, eq=False)
class Slot:
    """A piece of the flat vector: the value is start + unit * piece, the piece between `least` and `most`."""

    start: Floats
    unit: Floats
    least: Floats
    most: Floats


class Student:
    """The graph with fake quantization on every tensor that `annotate` stores in 8 bits.

    `ranges`: observed (low, high) of every tensor. `learn_ranges` False: only kernels and biases learn.
    """

    def __init__(self, graph: Graph, ranges: dict[str, Range], scheme: str, *, learn_ranges: bool = True) -> None:
        self.graph = graph
        self.scheme = scheme
        self.answer = answer_of(graph)
        self._observed = ranges
        self._annotation = annotate(graph, ranges, scheme, off_ties=False)
        self._leaders = {tensor: group[0] for group in groups(graph) for tensor in group}
        self._free = _free_ranges(graph, ranges, self._annotation, self._leaders) if learn_ranges else {}
        self._slots = dict(self._weight_slots()) | self._range_slots()
        self._sizes = [slot.start.size for slot in self._slots.values()]

    @property
    def size(self) -> int:
        """Numbers that learn."""
        return sum(self._sizes)

    def limits(self) -> tuple[Floats, Floats]:
        """(size,), (size,): the smallest and largest p."""
        slots = self._slots.values()
        return (
            np.concatenate([slot.least.ravel() for slot in slots]),
            np.concatenate([slot.most.ravel() for slot in slots]),
        )

    def start(self) -> Floats:
        """All weights and ranges before the first step, (n,): for telling one fine-tuning from another."""
        ranges = np.array(list(self._observed.values()), np.float32)
        return np.concatenate([*(slot.start.ravel() for slot in self._slots.values()), ranges.ravel()])

    def logits(self, p: Any, pictures: Any) -> Any:
        """(n, C) logits on pictures (n, H, W, C) of whole numbers 0 to 255, differentiable in `p` (size,)."""
        values = self._values(tf.split(p, self._sizes), tf.reshape)
        nodes = [self._rounded(node, values) for node in self.graph.nodes]
        (answer,) = forward(replace(self.graph, nodes=tuple(nodes)), (self.answer,), self._stored(values))(pictures)
        return answer if self.answer != self.graph.output else tf.math.log(tf.maximum(answer, _SMALLEST))

    def learnt(self, p: Floats) -> tuple[Graph, dict[str, Range]]:
        """The graph with new float weights, and new ranges, as `annotate` takes them."""
        pieces = np.split(p, np.cumsum(self._sizes)[:-1])
        values = self._values(pieces, np.reshape)
        nodes = tuple(_with_weights(node, values, np.asarray) for node in self.graph.nodes)
        moved = dict(zip(self._slots, pieces, strict=True))
        ranges = dict(self._observed)
        for tensor in self.graph.tensors():
            leader = self._leaders.get(tensor, tensor)
            if leader in self._free:
                low, high, _ = self._free[leader]
                unit = RANGE_SPEED * (high - low)
                # In float64, as `annotate` computes: what has not moved gives the same scale to the bit.
                ranges[tensor] = low + unit * moved[leader, "low"].item(), high + unit * moved[leader, "high"].item()
        return replace(self.graph, nodes=nodes), ranges

    def _values(self, pieces: Any, reshape: Callable[..., Any]) -> dict[tuple[str, str], Any]:
        return {
            key: slot.start + slot.unit * reshape(piece, slot.start.shape)
            for (key, slot), piece in zip(self._slots.items(), pieces, strict=True)
        }

    def _rounded(self, node: Node, values: dict[tuple[str, str], Any]) -> Node:
        """The node with a kernel of the backend, rounded; a bias in 32 bits is as good as float and is left so."""
        return _with_weights(node, values, lambda kernel: fake_quantization.rounded_kernel(node, kernel))

    def _stored(self, values: dict[tuple[str, str], Any]) -> Callable[[str, Any], Any]:
        grids = {leader: fake_quantization.grid(values[leader, "low"], values[leader, "high"]) for leader in self._free}

        def stored(tensor: str, value: Any) -> Any:
            fixed = self._annotation.tensors.get(tensor)
            if fixed is None:
                return value
            constant = np.float32(fixed.scale[0]), np.float32(fixed.zero_point[0])
            return fake_quantization.stored(value, *grids.get(self._leaders.get(tensor, tensor), constant))

        return stored

    def _weight_slots(self) -> dict[tuple[str, str], Slot]:
        slots = {}
        for node in self.graph.nodes:
            if not isinstance(node, _LINEAR):
                continue
            outputs = 2 if isinstance(node, DepthwiseConv) else 1
            axes = tuple(range(node.kernel.ndim - outputs))
            largest = np.abs(node.kernel).max(axis=axes, keepdims=True)
            slots[node.name, "kernel"] = _unbounded(node.kernel, largest)
            out = self._annotation.tensors.get(node.output)
            unit = np.abs(node.bias).max() if out is None else 127.0 * out.scale[0]
            slots[node.name, "bias"] = _unbounded(node.bias, unit)
        return slots

    def _range_slots(self) -> dict[tuple[str, str], Slot]:
        slots = {}
        for leader, (low, high, bound) in self._free.items():
            unit = RANGE_SPEED * (high - low)
            slots[leader, "low"] = _bounded(low, unit, max(bound[0], low / _REACH), low * _REACH)
            slots[leader, "high"] = _bounded(high, unit, high * _REACH, min(bound[1], high / _REACH))
        return slots


def _free_ranges(
    graph: Graph, observed: dict[str, Range], annotation: Annotation, leaders: dict[str, str]
) -> dict[str, tuple[float, float, Range]]:
    """First tensor of a group -> (low, high, bound) where the range is free to move inside `bound`."""
    ranges = settled(graph, observed, 8)
    bounds = settled(graph, dict.fromkeys(observed, (-math.inf, math.inf)), 8)
    # The picture has a range before anything is observed.
    unseen = settled(graph, dict.fromkeys(observed, (0.0, 0.0)), 8)
    free = {}
    for tensor, chosen in annotation.tensors.items():
        low, high = ranges[tensor]
        leads = leaders.get(tensor, tensor) == tensor
        # Where `annotate` chose another grid than that of the range, a kernel demands it.
        if leads and unseen[tensor] == (0.0, 0.0) and low < high and _same(asymmetric(low, high), chosen):
            free[tensor] = (low, high, bounds[tensor])
    return free


def _same(first: Quantized, second: Quantized) -> bool:
    return (first.scale[0], first.zero_point[0]) == (second.scale[0], second.zero_point[0])


def _with_weights(node: Node, values: dict[tuple[str, str], Any], kernel: Callable[[Any], Any]) -> Node:
    if not isinstance(node, _LINEAR):
        return node
    return replace(node, kernel=kernel(values[node.name, "kernel"]), bias=values[node.name, "bias"])


def _unbounded(start: Floats, unit: NDArray[Any] | np.floating[Any] | float) -> Slot:
    infinite = np.full(start.shape, np.inf, np.float32)
    return Slot(start, np.asarray(unit, np.float32), -infinite, infinite)


def _bounded(start: float, unit: float, least: float, most: float) -> Slot:
    """A single number between `least` and `most`."""
    ends = [np.asarray((end - start) / unit, np.float32) for end in (min(least, start), max(most, start))]
    return Slot(np.asarray(start, np.float32), np.asarray(unit, np.float32), *ends)
