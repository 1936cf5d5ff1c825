"""The first convolution of an integer file, on quads of columns: the same sums, by kernels that are not half idle.

The 8-bit kernels of both runtimes take the channels under each tap in fours, eights or more (XNNPACK with AMX: in up to
64), and the filters in 16 to 64. Of a picture's three channels most of that is padding; and where channels do not come
in fours onnxruntime copies everything under each window first, three bytes at once, which takes longer than the sums.
Pixels that lie side by side in a row also lie side by side in memory, so (H, W, 3) is (H, W / 4, 12) without a byte
moved. One step over four columns makes two results of a stride of 2, as two sets of filters, and their (H / 2, W / 4,
2 C) is again (H / 2, W / 2, C):

    columns of the picture      0 1 2 3 4 5 6 7         filters of the even results   w0 w1 w2 0    0  0 0 0
    quads                       [0 1 2 3] [4 5 6 7]     filters of the odd results    0  0  w0 w1   w2 0 0 0

The integers of the result are the same: all that is added are products with 0. Of a 3 x 3 kernel there are 2.7 times as
many products (twice as many with the padding to fours), and on x86 with AMX the layer takes half the time. On Arm there
are six taps in place of nine to set up and twice as many products under them: not measured, and the price of one file
for all. Where columns or results do not come in such numbers (a VALID convolution of 224 columns has 111 results),
TFLite's file has pairs of columns, one result a step; to onnxruntime their six channels are no fours. In float nothing
is padded, and nothing would be gained. Figures: docs/findings.md, "TFLite kernels" and "onnxruntime kernels".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Conv, Quantized, Shape, Weights

# So many channels go in one step of the kernels; a picture has fewer.
_STEP = 4
_STRIDE = 2
_DENSE = (1, 1)
# Columns that become one: fours, which both runtimes are fastest with, and twos, which help where channels are padded.
QUADS, PAIRS = 4, 2


@dataclass(frozen=True)
class Quads:
    """A convolution on quads: `read`, the shape (1, H, W / 4, 4 C) of what it reads; `node` and `weights` for that;
    `written`, the shape of its result, which is that of the convolution as it was with the last axes taken apart."""

    read: Shape
    node: Conv
    weights: Weights
    written: Shape


def in_quads(node: Conv, weights: Weights, read: Shape, written: Shape, at_once: int = QUADS) -> Quads | None:
    """`node`, from (1, H, W, C) to (1, H', W', C'), on quads of columns, or on so many `at_once`.

    None where there are four channels or more, no stride of 2, or columns or results that do not come in such numbers.
    """
    _, height, columns, channels = read
    _, out_height, out_columns, filters = written
    results, width = at_once // _STRIDE, node.kernel.shape[1]
    if channels >= _STEP or columns % at_once or out_columns % results:
        return None
    if node.strides[1] != _STRIDE or node.dilation != _DENSE or width + _STRIDE * (results - 1) <= _STRIDE:
        return None
    rows, (left, _) = node.padding
    # Quads in front of the one at hand that a window reaches into, and all that it reads.
    before = -(-left // at_once)
    taps = before + 1 + (_STRIDE * (results - 1) - left + width - 1) // at_once
    steps = out_columns // results

    def spread(kernel: NDArray[Any]) -> NDArray[Any]:
        """(kh, kw, C, C') -> (kh, taps, 4 C, 2 C')."""
        wide = np.zeros((len(kernel), taps * at_once, channels, results, filters), kernel.dtype)
        for result in range(results):
            start = before * at_once + _STRIDE * result - left
            wide[:, start : start + width, :, result] = kernel
        return wide.reshape(len(kernel), taps, at_once * channels, results * filters)

    scale = _repeated(weights.kernel_scale, results)
    on_quads = replace(
        node,
        kernel=spread(node.kernel),
        bias=np.tile(node.bias, results),
        strides=(node.strides[0], 1),
        # The last window ends in the last two columns or beyond, so there is never a quad too many.
        padding=(rows, (before, steps - 1 + taps - before - columns // at_once)),
    )
    return Quads(
        read=(1, height, columns // at_once, at_once * channels),
        node=on_quads,
        weights=Weights(spread(weights.kernel), scale, np.tile(weights.bias, results)),
        written=(1, out_height, steps, results * filters),
    )


def _repeated(quantized: Quantized, results: int) -> Quantized:
    """For each set of filters; a scale for the whole kernel stays one."""
    if quantized.scale.size == 1:
        return quantized
    return replace(
        quantized, scale=np.tile(quantized.scale, results), zero_point=np.tile(quantized.zero_point, results)
    )
