"""What each kind of node computes, as Keras operations on a batch.

A graph is written for batch 1; here the leading 1 of its shapes is any number of pictures. Zero padding is made before
the convolution, which is then without padding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

from fv_export.graph import (
    NO_PADDING,
    Activation,
    Add,
    Affine,
    Clip,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Floats,
    Function,
    Fused,
    Mean,
    Mul,
    Node,
    Pad,
    Padding,
    Pool,
    PoolKind,
    Reshape,
    Softmax,
)


def run_node(node: Node, inputs: Sequence[Any]) -> Any:
    """One node on a batch, as a tensor of the Keras backend."""
    return _KINDS[type(node)](node, *inputs)


def _padded(x: Any, padding: Padding, value: float = 0.0) -> Any:
    if padding == NO_PADDING:
        return x
    return ops.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


def _fused(x: Any, fused: Fused) -> Any:
    if fused is Fused.RELU:
        return ops.relu(x)
    return ops.relu6(x) if fused is Fused.RELU6 else x


def _conv(node: Conv, x: Any) -> Any:
    x = _padded(x, node.padding)
    x = ops.conv(x, node.kernel, node.strides, "valid", "channels_last", node.dilation)
    return _fused(x + node.bias, node.fused)


def _depthwise(node: DepthwiseConv, x: Any) -> Any:
    x = _padded(x, node.padding)
    x = ops.depthwise_conv(x, node.kernel, node.strides, "valid", "channels_last", node.dilation)
    return _fused(x + node.bias, node.fused)


def _dense(node: Dense, x: Any) -> Any:
    return _fused(ops.matmul(x, node.kernel) + node.bias, node.fused)


def _affine(node: Affine, x: Any) -> Any:
    return _fused(x * node.scale + node.shift, node.fused)


def _add(node: Add, x: Any, y: Any) -> Any:
    return _fused(x + y, node.fused)


def _mul(node: Mul, x: Any, y: Any) -> Any:
    return _fused(x * y, node.fused)


def _mean(node: Mean, x: Any) -> Any:
    return ops.mean(x, axis=(1, 2), keepdims=node.keep_dims)


def _pool(node: Pool, x: Any) -> Any:
    if node.kind is PoolKind.MAX:
        x = _padded(x, node.padding, value=float(np.finfo(np.float32).min))
        return ops.max_pool(x, node.window, node.strides, "valid", "channels_last")
    share = ops.average_pool(_padded(x, node.padding), node.window, node.strides, "valid", "channels_last")
    if node.padding == NO_PADDING:
        return share
    return share / _real_share(node, tuple(x.shape[1:3]))


def _real_share(node: Pool, size: tuple[int, ...]) -> Floats:
    """(1, rows, columns, 1): the share of each window that is not padding."""
    rows, columns = (
        np.array(
            [
                max(min(start + width, side) - max(start, 0), 0) / width
                for start in range(-before, side + after - width + 1, stride)
            ],
            np.float32,
        )
        for (before, after), side, width, stride in zip(node.padding, size, node.window, node.strides, strict=True)
    )
    return (rows[:, None] * columns[None, :])[None, :, :, None]


def _pad(node: Pad, x: Any) -> Any:
    return _padded(x, node.padding)


def _activation(node: Activation, x: Any) -> Any:
    if node.function is Function.LEAKY_RELU:
        return ops.leaky_relu(x, node.alpha)
    if node.function is Function.ELU:
        return ops.elu(x, node.alpha)
    return _FUNCTIONS[node.function](x)


def _exact_gelu(x: Any) -> Any:
    return ops.gelu(x, approximate=False)


def _clip(node: Clip, x: Any) -> Any:
    return ops.minimum(ops.maximum(x, node.low), node.high)


def _concat(node: Concat, *inputs: Any) -> Any:
    return ops.concatenate(inputs, axis=-1)


def _reshape(node: Reshape, x: Any) -> Any:
    return ops.reshape(x, (-1, *node.shape[1:]))


def _softmax(node: Softmax, x: Any) -> Any:
    return ops.softmax(x, axis=-1)


_FUNCTIONS: dict[Function, Callable[[Any], Any]] = {
    Function.RELU: ops.relu,
    Function.RELU6: ops.relu6,
    Function.HARD_SIGMOID: ops.hard_sigmoid,
    Function.HARD_SWISH: ops.hard_silu,
    Function.SIGMOID: ops.sigmoid,
    Function.SILU: ops.silu,
    Function.TANH: ops.tanh,
    Function.GELU: _exact_gelu,
}

_KINDS: dict[type[Node], Callable[..., Any]] = {
    Conv: _conv,
    DepthwiseConv: _depthwise,
    Dense: _dense,
    Affine: _affine,
    Add: _add,
    Mul: _mul,
    Mean: _mean,
    Pool: _pool,
    Pad: _pad,
    Activation: _activation,
    Clip: _clip,
    Concat: _concat,
    Reshape: _reshape,
    Softmax: _softmax,
}
