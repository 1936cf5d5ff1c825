"""Rounding to 8 bits that a gradient can pass, and that tells its range where to move.

    y = s (q - z)        q = clip(round(x / s) + z, -128, 127)        s = (high - low) / 255,  z = ceil(-128 - low / s)

Rounding passes gradients straight through (Bengio et al. 2013, arXiv 1308.3432); the clip does not. With g = dL/dy and
g' = g where x lies inside the range, 0 outside:

    dL/dx = g'
    dL/ds = (sum g' (y - x) + low g_below + high g_above) / s          Esser et al. 2020, LSQ, arXiv 1902.08153, eq. 3
    dL/dz = -s (g_below + g_above)                                     Bhalgat et al. 2020, LSQ+, arXiv 2004.09576

g_below and g_above are the sums of g where x lies beyond the ends; TensorFlow's kernel gives both. From s and z it goes
on to `low` and `high` by the chain rule.

Kernels keep the rule of the annotation, s_c = max|w_c| / 127 for each output channel: nothing is clipped, rounding is
all there is to pass.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from fv_export.graph import DepthwiseConv, Node
from fv_export.quantize import ROUNDED_UP_FROM

# A channel of zeros has no scale; any will do.
_TINY = 1e-30


def grid(low: Any, high: Any) -> tuple[Any, Any]:
    """(scale, zero point) of 8 bits for tensors of ends `low` <= 0 <= `high`, with gradients to both."""
    scale = (high - low) / 255.0
    zero_point = tf.clip_by_value(-128.0 - low / scale, -128.0, 127.0)
    return scale, zero_point + tf.stop_gradient(tf.math.ceil(zero_point - ROUNDED_UP_FROM) - zero_point)


def straight_through(x: Any) -> Any:
    """round(x), half to even, with the gradient of x."""
    return x + tf.stop_gradient(tf.round(x) - x)


@tf.custom_gradient  # type: ignore[untyped-decorator]  # tensorflow has no type information
def stored(x: Any, scale: Any, zero_point: Any) -> Any:
    """What 8 bits hold of `x` (any shape); `scale`, `zero_point` scalars."""
    low, high = (-128.0 - zero_point) * scale, (127.0 - zero_point) * scale
    y = tf.quantization.fake_quant_with_min_max_vars(x, low, high)

    def gradient(g: Any) -> tuple[Any, Any, Any]:
        inside, below, above = tf.quantization.fake_quant_with_min_max_vars_gradient(g, x, low, high)
        by_scale = (low * below + high * above + tf.reduce_sum(inside * (y - x))) / scale
        return inside, by_scale, -scale * (below + above)

    return y, gradient


def rounded_kernel(node: Node, kernel: Any) -> Any:
    """The kernel of a linear node as 8-bit integers hold it, one scale an output channel."""
    outputs = 2 if isinstance(node, DepthwiseConv) else 1
    axes = list(range(len(kernel.shape) - outputs))
    largest = tf.reduce_max(tf.abs(tf.stop_gradient(kernel)), axis=axes, keepdims=True)
    scale = tf.maximum(largest / 127.0, _TINY)
    return scale * straight_through(kernel / scale)
