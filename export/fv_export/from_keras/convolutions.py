"""Convolutions and matrix products.

`same` padding is made explicit (TensorFlow's rule): with n_out = ceil(n / stride),
    total = max((n_out - 1) * stride + dilation * (k - 1) + 1 - n, 0),   before = floor(total / 2), the rest after.
"""

from __future__ import annotations

import numpy as np

from fv_export.from_keras.activations import activated
from fv_export.from_keras.building import Call, Converter
from fv_export.graph import NO_PADDING, Conv, Dense, DepthwiseConv, Floats, Padding


def explicit_padding(
    call: Call, kernel: tuple[int, ...], strides: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> Padding:
    """The zeros that Keras's `same` or `valid` adds before and after the rows and the columns of the first input."""
    layer = call.layer
    call.require(layer.data_format == "channels_last", "only channels_last is exported")
    call.require(layer.padding in ("same", "valid"), f"padding {layer.padding!r} has no entry in the normal form")
    if layer.padding == "valid":
        return NO_PADDING
    rows, columns = (
        _same(size, width, stride, step)
        for size, width, stride, step in zip(call.shape[1:3], kernel, strides, dilation, strict=True)
    )
    return rows, columns


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def _bias(call: Call, channels: int) -> Floats:
    return call.weights("bias") if call.layer.use_bias else np.zeros(channels, np.float32)


def _pair(value: tuple[int, ...]) -> tuple[int, int]:
    rows, columns = value
    return int(rows), int(columns)


def _conv(call: Call, tensor: str, kernel: Floats, bias: Floats, padding: Padding) -> str:
    name = call.build.name(call.layer.name)
    return call.build.add(
        Conv(
            name=name,
            inputs=(tensor,),
            output=name,
            kernel=kernel,
            bias=bias,
            strides=_pair(call.layer.strides),
            dilation=_pair(call.layer.dilation_rate),
            padding=padding,
        )
    )


def _depthwise(call: Call, kernel: Floats, bias: Floats, padding: Padding) -> str:
    name = call.build.name(call.layer.name)
    return call.build.add(
        DepthwiseConv(
            name=name,
            inputs=call.inputs,
            output=name,
            kernel=kernel,
            bias=bias,
            strides=_pair(call.layer.strides),
            dilation=_pair(call.layer.dilation_rate),
            padding=padding,
        )
    )


def _layer_padding(call: Call) -> Padding:
    layer = call.layer
    return explicit_padding(call, layer.kernel_size, _pair(layer.strides), _pair(layer.dilation_rate))


def _conv2d(call: Call) -> str:
    layer, kernel = call.layer, call.weights("kernel")
    bias, padding = _bias(call, kernel.shape[3]), _layer_padding(call)
    if layer.groups == 1:
        return activated(call, _conv(call, call.inputs[0], kernel, bias, padding), layer.activation)
    call.require(layer.groups == call.shape[3], f"a convolution with {layer.groups} groups has no entry")
    # One group a channel: output channel g * m + j belongs to input channel g, the order of a depthwise kernel.
    depthwise = kernel.reshape(*kernel.shape[:2], layer.groups, -1)
    return activated(call, _depthwise(call, depthwise, bias, padding), layer.activation)


def _depthwise_conv2d(call: Call) -> str:
    kernel = call.weights("kernel")
    tensor = _depthwise(call, kernel, _bias(call, kernel.shape[2] * kernel.shape[3]), _layer_padding(call))
    return activated(call, tensor, call.layer.activation)


def _separable_conv2d(call: Call) -> str:
    layer, first = call.layer, call.weights("depthwise_kernel")
    second = call.weights("pointwise_kernel")
    tensor = _depthwise(call, first, np.zeros(first.shape[2] * first.shape[3], np.float32), _layer_padding(call))
    name = call.build.name(f"{layer.name}_pointwise")
    tensor = call.build.add(
        Conv(
            name=name,
            inputs=(tensor,),
            output=name,
            kernel=second,
            bias=_bias(call, second.shape[3]),
            strides=(1, 1),
        )
    )
    return activated(call, tensor, layer.activation)


def _dense(call: Call) -> str:
    layer, kernel = call.layer, call.weights("kernel")
    bias = _bias(call, kernel.shape[1])
    name, rank = call.name, len(call.shape)
    call.require(rank in (2, 4), f"a Dense over a tensor of {rank} dimensions has no entry")
    if rank == 2:
        tensor = call.build.add(Dense(name=name, inputs=call.inputs, output=name, kernel=kernel, bias=bias))
    else:  # over the channels of a feature map it is a convolution with a 1x1 kernel
        tensor = call.build.add(
            Conv(name=name, inputs=call.inputs, output=name, kernel=kernel[None, None], bias=bias, strides=(1, 1))
        )
    return activated(call, tensor, layer.activation)


CONVERTERS: dict[str, Converter] = {
    "layers.Conv2D": _conv2d,
    "layers.DepthwiseConv2D": _depthwise_conv2d,
    "layers.SeparableConv2D": _separable_conv2d,
    "layers.Dense": _dense,
}
