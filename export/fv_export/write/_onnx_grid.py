"""Integer grids of activations as they stand in the file: uint8.

The annotation has signed integers, real = s * (q - z) with q in [-128, 127]. The file has u = q + 128 with zero point
z + 128: the same reals. Unsigned activations with signed weights are what onnxruntime's integer kernels take on every
processor: on x86 it turns int8 activations into uint8 when it loads a file, on Arm it has kernels for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Quantized

_SHIFT = 128
LARGEST = 255
# A bound counts as implied by the grid when the grid's end misses it by no more than this share of one step: the file
# and the annotation then hold the same integers, for rounding cannot tell them apart.
_SAME_STEPS = 1e-3


@dataclass(frozen=True)
class Grid:
    """real = scale * (u - zero_point), u from 0 to 255."""

    scale: float
    zero_point: int

    @classmethod
    def of(cls, quantized: Quantized) -> Grid:
        """The unsigned form of an 8-bit tensor's annotation; raises `ValueError` for another one."""
        if quantized.bits != 8 or quantized.scale.size != 1:
            raise ValueError(f"activations need 8 bits and one scale, not {quantized.bits} and {quantized.scale.size}")
        return cls(float(quantized.scale.reshape(-1)[0]), int(quantized.zero_point.reshape(-1)[0]) + _SHIFT)

    @property
    def low(self) -> float:
        """Smallest real on the grid."""
        return -self.scale * self.zero_point

    @property
    def high(self) -> float:
        """Largest real on the grid."""
        return self.scale * (LARGEST - self.zero_point)

    def implies(self, low: float, high: float) -> bool:
        """Whether saturation alone keeps every stored value inside [low, high]."""
        slack = self.scale * _SAME_STEPS
        return self.low >= low - slack and self.high <= high + slack

    def stored(self, reals: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Nearest integers, halves to even (as QuantizeLinear), saturated."""
        return np.asarray(np.clip(np.rint(reals / self.scale) + self.zero_point, 0, LARGEST), np.uint8)

    def bounds(self, low: float, high: float) -> tuple[np.uint8, np.uint8]:
        """Stored values of the interval's ends; infinite ends are the grid's."""
        ends = np.clip(np.array([low, high], np.float64), self.low, self.high)
        lowest, highest = self.stored(ends)
        return np.uint8(lowest), np.uint8(highest)


# A gate (sigmoid, hard_sigmoid) whose own tensor the annotation does not hold: exactly [0, 1], so 1 is stored exactly.
GATE = Grid(1.0 / LARGEST, 0)
