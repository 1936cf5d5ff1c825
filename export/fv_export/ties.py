"""Scales of sums and products at which all runtimes round alike.

    y = rint(a s_a / s_y + b s_b / s_y)         a, b: steps from the zero points of a sum's inputs
    y = rint(a b (s_a s_b / s_y))               of a product's

Kernels compute this in integers with 21-bit factors (XNNPACK's sums) or in float32, in an order of their own
(onnxruntime, and differently by processor). Where a pair of integers lands closer to a tie than they err, one says k
and the other k + 1. A single such pair that is met often moves thousands of values in a picture, and two files of one
annotation drift apart (docs/findings.md, "One pair of integers at a tie is enough"). A scale that is wider by a
ten-thousandth moves the ties off the pairs and costs no precision: of a few such scales the first is taken that has
no pair near a tie, or the one that has the fewest of those that are often met.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Add, Graph, Mul, Quantized
from fv_export.ranges import groups

# Candidates are this far apart. The nearest tie is at 1/2: there a candidate moves by 3e-5, twice what kernels err.
_APART = 2.0**-14
_CANDIDATES = 24
# onnxruntime's sum begins at the zero point, up to 128, and rounds there in float32 (MLAS, `qladd.cpp`).
_SUM_ERROR = 1.5e-5
# XNNPACK's factors have 21 bits, the last one rounded: relative to the larger of the two.
_FACTOR_ERROR = 2.0**-21
# Two roundings in float32.
_PRODUCT_ERROR = 2.0**-22


def moved_off_ties(graph: Graph, tensors: dict[str, Quantized], fixed: set[str]) -> dict[str, Quantized]:
    """`tensors` with the 8-bit scales of sums and products moved, by less than 0.2 %, off the ties that can be met.

    `fixed`: tensors whose scale is their kernel's; they stay, and so does whatever shares its scale with one. In the
    order of the graph, because an output's scale is an input's of the next sum.
    """
    tensors = dict(tensors)
    same = {tensor: group for group in groups(graph) for tensor in group}
    for node in graph.nodes:
        if not isinstance(node, (Add, Mul)):
            continue
        group = same.get(node.output, (node.output,))
        stored = all(tensor in tensors and tensors[tensor].bits == 8 for tensor in (*node.inputs, node.output))
        if stored and not fixed.intersection(group) and not set(node.inputs).intersection(group):
            tensors.update(dict.fromkeys(group, _moved(node, tensors)))
    return tensors


def near_ties(node: Add | Mul, tensors: dict[str, Quantized]) -> float:
    """How often a node's pairs of integers land nearer to a tie than kernels err: 0 where none does.

    A measure without a unit: no picture is looked at, and a pair counts the less the further its integers are from
    zero, around which values crowd.
    """
    return _Pairs(node, tensors).near_ties(float(tensors[node.output].scale[0]))


def _moved(node: Add | Mul, tensors: dict[str, Quantized]) -> Quantized:
    """The output's quantization, its zero point as it was."""
    pairs, quantized = _Pairs(node, tensors), tensors[node.output]
    found: dict[float, float] = {}
    for step in range(_CANDIDATES):
        scale = float(np.float32(float(quantized.scale[0]) * (1.0 + step * _APART)))
        found[scale] = pairs.near_ties(scale)
        if not found[scale]:
            break
    best = min(found, key=found.__getitem__)
    return quantized if best == quantized.scale[0] else replace(quantized, scale=np.array([best], np.float64))


@dataclass(init=False, eq=False)
class _Pairs:
    """What a node makes of every pair of integers: real values, and by how much kernels err.

    All arrays are (steps of the first input, steps of the second). An error is `error` steps of the output, and
    `spread` over its scale.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    error: float
    spread: NDArray[np.float64]
    low: float
    high: float

    def __init__(self, node: Add | Mul, tensors: dict[str, Quantized]) -> None:
        first, second = (_steps(tensors[tensor]) for tensor in node.inputs)
        a, b = first[:, None], second[None, :]
        s_a, s_b = (float(tensors[tensor].scale[0]) for tensor in node.inputs)
        self.weights = 1.0 / ((1.0 + np.abs(a)) * (1.0 + np.abs(b)))
        if isinstance(node, Add):
            self.values, self.error = a * s_a + b * s_b, _SUM_ERROR
            self.spread = (np.abs(a) + np.abs(b)) * (max(s_a, s_b) * _FACTOR_ERROR)
        else:
            self.values, self.error = a * b * (s_a * s_b), 0.0
            self.spread = np.abs(self.values) * _PRODUCT_ERROR
        written = _steps(tensors[node.output])
        self.low, self.high = written[0] - 0.5, written[-1] + 0.5

    def near_ties(self, scale: float) -> float:
        """The weight of those near a tie in steps of `scale`; what is clipped has no tie."""
        steps = self.values / scale
        near = np.abs(steps - np.floor(steps) - 0.5) <= self.error + self.spread / scale
        return float(self.weights[near & (steps > self.low) & (steps < self.high)].sum())


def _steps(quantized: Quantized) -> NDArray[np.float64]:
    """All that a tensor can hold, in steps from its zero point."""
    low, high = quantized.limits
    return np.arange(low, high + 1.0) - float(quantized.zero_point[0])
