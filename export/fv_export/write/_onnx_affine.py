"""An affine map by channel as a quantized 1 x 1 depthwise convolution.

    y_c = a_c * x_c + b_c,   x = s * (q - z)

With the kernel w_c = sign(a_c) * 127 at the scale t_c = |a_c| / 127 the product is exact: w_c * t_c = a_c. The bias is
stored as the integer b_c / (s * t_c). Where a_c is so small beside b_c that this integer would not fit, t_c is raised
until it does, and the kernel is rounded; the product is then below what the bias itself is rounded to.
"""

from __future__ import annotations

import numpy as np

from fv_export.graph import Affine, DepthwiseConv, Quantized, Weights

_LARGEST_WEIGHT = 127
# Half of int32's range, so that the accumulated product still fits beside the bias.
_LARGEST_BIAS = 1 << 30
# Keeps the scale of a channel that is zero altogether above zero (smallest normal float32 is 1.2e-38).
_SMALLEST_SCALE = 1e-30


def as_depthwise(node: Affine, input_scale: float) -> tuple[DepthwiseConv, Weights]:
    """The convolution that computes `node` on a tensor of scale `input_scale`, and its integers."""
    factor, shift = node.scale.astype(np.float64), node.shift.astype(np.float64)
    scale = np.maximum(np.abs(factor) / _LARGEST_WEIGHT, np.abs(shift) / (input_scale * _LARGEST_BIAS))
    scale = np.maximum(scale, _SMALLEST_SCALE)
    kernel = np.rint(factor / scale).astype(np.int8).reshape(1, 1, -1, 1)
    conv = DepthwiseConv(
        name=node.name,
        inputs=node.inputs,
        output=node.output,
        kernel=node.scale.astype(np.float32).reshape(1, 1, -1, 1),
        bias=node.shift.astype(np.float32),
        strides=(1, 1),
    )
    zero = np.zeros(scale.shape, np.int64)
    bias = np.rint(shift / (input_scale * scale)).astype(np.int64)
    return conv, Weights(kernel, Quantized(bits=8, scale=scale, zero_point=zero, axis=-1), bias)
