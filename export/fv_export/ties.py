"""Scales of sums and products at which all runtimes round alike.

    y = rint(a s_a / s_y + b s_b / s_y)         a, b: steps from the zero points of a sum's inputs
    y = rint(a b (s_a s_b / s_y))               of a product's

Kernels compute this in integers with 21-bit factors (XNNPACK's sums) or in float32, in an order of their own
(onnxruntime, and differently by processor). Where a pair of integers lands closer to a tie than they err, one says k
and the other k + 1. A single such pair that is met often moves thousands of values in a picture, and two files of one
annotation drift apart (docs/findings.md, "One pair of integers at a tie is enough"). A scale that is wider by a
thousandth or less moves the ties off the pairs and costs no precision: of a few such scales the first is taken that
has no pair near a tie, or the one that has the fewest of those that are often met.
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
# onnxruntime adds zero points in float32, to results of up to 255 (MLAS, `qladd.cpp`): half a unit in the last place
# there, and twice that for a sum, whose two products each begin so.
_PRODUCT_ERROR = 2.0**-17
_SUM_ERROR = 2.0**-16
# XNNPACK's factors have 21 bits, the last one rounded: relative to the larger of the two.
_FACTOR_ERROR = 2.0**-21
# A product of two integers and its factor, each rounded to float32.
_FLOAT32 = 2.0**-22


def moved_off_ties(graph: Graph, tensors: dict[str, Quantized], fixed: set[str]) -> dict[str, Quantized]:
    """`tensors` with the 8-bit scales of sums and products moved, by less than 0.2 %, off the ties that can be met.

    `fixed`: tensors whose scale is their kernel's. They stay, and so does whatever shares its scale with another: what
    is right for one would be wrong for the next. In the order of the graph, for what one writes the next one reads.
    """
    tensors = dict(tensors)
    stay = fixed.union(*groups(graph))
    for node in graph.nodes:
        if not isinstance(node, (Add, Mul)) or node.output in stay:
            continue
        if all(tensor in tensors and tensors[tensor].bits == 8 for tensor in (*node.inputs, node.output)):
            tensors[node.output] = _moved(node, tensors)
    return tensors


def near_ties(node: Add | Mul, tensors: dict[str, Quantized]) -> float:
    """How often a node's pairs of integers land nearer to a tie than kernels err: 0 where none does.

    A measure without a unit: no picture is looked at, and a pair counts the less the further its integers are from
    zero, around which values crowd.
    """
    return _pairs(node, tensors).near_ties(float(tensors[node.output].scale[0]))


def _moved(node: Add | Mul, tensors: dict[str, Quantized]) -> Quantized:
    """The output's quantization, its zero point as it was."""
    pairs, quantized = _pairs(node, tensors), tensors[node.output]
    found: dict[float, float] = {}
    for step in range(_CANDIDATES):
        scale = float(np.float32(float(quantized.scale[0]) * (1.0 + step * _APART)))
        found[scale] = pairs.near_ties(scale)
        if not found[scale]:
            break
    best = min(found, key=found.__getitem__)
    return quantized if best == quantized.scale[0] else replace(quantized, scale=np.array([best], np.float64))


@dataclass(frozen=True, eq=False)
class _Pairs:
    """What a node makes of every pair of integers, and by how much kernels err; arrays are (first, second input).

    `values`: real. `weights`: of `near_ties`. An error is `error` steps of the output, or `grown` over its scale where
    that is more, and `spread` over its scale. `low`, `high`: what the output can hold, in steps.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    error: float
    grown: float
    spread: NDArray[np.float64]
    low: float
    high: float

    def near_ties(self, scale: float) -> float:
        """The weight of those near a tie in steps of `scale`; what is clipped has no tie."""
        steps = self.values / scale
        error = max(self.error, self.grown / scale) + self.spread / scale
        near = np.abs(steps - np.floor(steps) - 0.5) <= error
        return float(self.weights[near & (steps > self.low) & (steps < self.high)].sum())


def _pairs(node: Add | Mul, tensors: dict[str, Quantized]) -> _Pairs:
    first, second = (_steps(tensors[tensor]) for tensor in node.inputs)
    a, b = first[:, None], second[None, :]
    s_a, s_b = (float(tensors[tensor].scale[0]) for tensor in node.inputs)
    weights = 1.0 / ((1.0 + np.abs(a)) * (1.0 + np.abs(b)))
    written = _steps(tensors[node.output])
    low, high = written[0] - 0.5, written[-1] + 0.5
    if isinstance(node, Mul):
        values = a * b * (s_a * s_b)
        return _Pairs(values, weights, _PRODUCT_ERROR, 0.0, np.abs(values) * _FLOAT32, low, high)
    spread = (np.abs(a) + np.abs(b)) * (max(s_a, s_b) * _FACTOR_ERROR)
    return _Pairs(a * s_a + b * s_b, weights, _SUM_ERROR, _PRODUCT_ERROR * (s_a + s_b), spread, low, high)


def _steps(quantized: Quantized) -> NDArray[np.float64]:
    """All that a tensor can hold, in steps from its zero point."""
    low, high = quantized.limits
    return np.arange(low, high + 1.0) - float(quantized.zero_point[0])
