"""The first convolution of an integer file, on pairs of columns: the same sums, by kernels that are not half idle.

XNNPACK's 8-bit convolutions take the channels under each tap in fours or eights (AMX: in up to 64): of a picture's
three, more than half of the work is padding. Two pixels that lie side by side in a row also lie side by side in memory,
so (H, W, 3) is (H, W / 2, 6) without a byte moved, and a kernel of 3 x 3 with a stride of 2 becomes one of 3 x 2 with a
stride of 1, whose odd column is zero:

    columns of the picture      0 1 2 3 4 5 6 7         kernel      w0 w1 w2
    pairs                       [0 1] [2 3] [4 5]       kernel      [w0 w1] [w2 0]

The integers of the result are the same: all that is added are products with 0. Multiplications per value and filter,
padding included: 9 times 8 become 6 times 8 where channels go in eights (AVX2, AVX-512, Arm's mlal and i8mm), and with
AMX 9 tiles become 6. Where they go in fours (Arm's dot product without i8mm: a Raspberry Pi 5), 9 times 4 become 6
times 8, a third more for this one layer: not measured, and the price of one file for all. In float nothing is padded,
and nothing would be gained. Figures: docs/findings.md, "TFLite kernels".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Conv, Shape

# So many channels go in one step of most kernels.
_STEP = 8
_STRIDE = 2
_DENSE = (1, 1)


@dataclass(frozen=True)
class Paired:
    """A convolution on pairs: `shape` of what it reads, `node` with a kernel for that. `before`: columns of zeros in
    front of the kernel, 1 where the padding on the left is odd."""

    shape: Shape
    node: Conv
    before: int

    def kernel(self, kernel: NDArray[Any]) -> NDArray[Any]:
        """A kernel (kh, kw, c_in, c_out) as it lies over pairs: (kh, pairs, 2 c_in, c_out), of the same type."""
        return _in_pairs(kernel, self.before)


def paired(node: Conv, shape: Shape) -> Paired | None:
    """`node` on pairs of columns of its input, (1, H, W, C); None where there are none, or eights are full enough."""
    (rows, (left, right)), (_, width, channels, _) = node.padding, node.kernel.shape
    columns = shape[2]
    if node.strides[1] != _STRIDE or node.dilation != _DENSE or columns % 2 or 2 * channels > _STEP or width <= _STRIDE:
        return None
    before = left % 2
    taps = -(-(before + width) // 2)
    out = (left + columns + right - width) // _STRIDE + 1
    pads = ((left + before) // 2, out - 1 + taps - (left + before) // 2 - columns // 2)
    kernel = _in_pairs(node.kernel, before)
    found = replace(node, kernel=kernel, strides=(node.strides[0], 1), padding=(rows, pads))
    return Paired((shape[0], shape[1], columns // 2, 2 * channels), found, before)


def _in_pairs(kernel: NDArray[Any], before: int) -> NDArray[Any]:
    height, width, channels, filters = kernel.shape
    columns = np.pad(kernel, ((0, 0), (before, (before + width) % 2), (0, 0), (0, 0)))
    return columns.reshape(height, columns.shape[1] // 2, 2 * channels, filters)
