"""Kernels and biases in TFLite's layouts and in the format of the scheme.

Layouts                        ours                          TFLite                     channel axis
    Conv                       (kh, kw, c_in, c_out)         (c_out, kh, kw, c_in)      0
    DepthwiseConv              (kh, kw, c_in, multiplier)    (1, kh, kw, c_in * mult)   3
    Dense                      (c_in, c_out)                 (c_out, c_in)              0

Formats
    float32     as they are
    float16     float16 constants and a DEQUANTIZE to float32 (kernel and bias): what the converter writes, and what
                XNNPACK unpacks once at load, so that the graph stays one partition
    dynamic     the annotation's int8 kernel, float32 bias. Conv: the hybrid kernel, which quantizes its
                input as it runs (XNNPACK has it). DepthwiseConv and Dense: widened. XNNPACK has no hybrid depthwise
                kernel, and each would cut the graph: 17 partitions and 17.5 ms for EfficientNetB0, where this takes
                9.8 in one (docs/findings.md). The hybrid FULLY_CONNECTED with a scale a channel is version 12, which
                tflite-runtime 2.14 refuses.
    widened     the annotation's int8 kernel and a DEQUANTIZE to float32, unpacked once at load; float32 bias. What a
                float island of an integer file has: a quarter of the bytes, the speed of float. A node that the
                annotation has no integers for has float32 weights.
    integer     the annotation's int8 kernel, int32 bias (int64 where activations are 16 bits)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Conv, Dense, DepthwiseConv, Quantized
from fv_export.write.tflite.context import Context, FloatWeights
from fv_export.write.tflite.emitter import Value

_BIAS_BITS = {8: 32, 16: 64}
_BIAS_TYPES = {32: np.int32, 64: np.int64}


@dataclass(frozen=True)
class _Layout:
    arranged: Callable[[NDArray[Any]], NDArray[Any]]
    channel_axis: int


_LAYOUTS = {
    Conv: _Layout(lambda kernel: kernel.transpose(3, 0, 1, 2), 0),
    DepthwiseConv: _Layout(lambda kernel: kernel.reshape(1, *kernel.shape[:2], -1), 3),
    Dense: _Layout(lambda kernel: kernel.T, 0),
}


def kernel_and_bias(
    context: Context, node: Conv | DepthwiseConv | Dense, source: Value, target: Quantized | None
) -> tuple[Value, Value]:
    """The constants of `node`, which reads `source` and writes `target` (None: it computes in float)."""
    if target is not None:
        return _integer(context, node, source, target.bits)
    if context.float_weights is FloatWeights.FLOAT16:
        return _half(context, node)
    if context.float_weights is FloatWeights.DYNAMIC and isinstance(node, Conv):
        return _integer_kernel(context, node), _float_bias(context, node)
    if context.float_weights is not FloatWeights.FLOAT32 and node.name in context.weights:
        return _widened(context, node), _float_bias(context, node)
    kernel = np.ascontiguousarray(_LAYOUTS[type(node)].arranged(node.kernel), np.float32)
    return context.emitter.constant(f"{node.name}/kernel", kernel), _float_bias(context, node)


def bias_of(context: Context, name: str, bias: NDArray[np.int64], scale: NDArray[np.float64], bits: int) -> Value:
    """The bias of a node with activations of `bits`: int32 or int64 with the accumulator's scale, zero point 0."""
    wide = _BIAS_BITS[bits]
    quantized = Quantized(wide, scale, np.zeros(scale.size, np.int64), 0 if scale.size > 1 else None)
    return context.emitter.constant(name, bias.astype(_BIAS_TYPES[wide]), quantized)


def _integer(context: Context, node: Conv | DepthwiseConv | Dense, source: Value, bits: int) -> tuple[Value, Value]:
    if source.quantized is None:
        raise ValueError(f"{node.name} computes in integers but reads a float tensor")
    weights = context.weights[node.name]
    scale = weights.kernel_scale.scale.reshape(-1) * source.quantized.scale[0]
    return _integer_kernel(context, node), bias_of(context, f"{node.name}/bias", weights.bias, scale, bits)


def _integer_kernel(context: Context, node: Conv | DepthwiseConv | Dense) -> Value:
    layout, weights = _LAYOUTS[type(node)], context.weights[node.name]
    scale = weights.kernel_scale.scale.reshape(-1)
    axis = layout.channel_axis if weights.kernel_scale.axis is not None else None
    kernel = np.ascontiguousarray(layout.arranged(weights.kernel), np.int8)
    format_ = Quantized(8, scale, np.zeros(scale.size, np.int64), axis)
    return context.emitter.constant(f"{node.name}/kernel", kernel, format_)


def _half(context: Context, node: Conv | DepthwiseConv | Dense) -> tuple[Value, Value]:
    kernel = _LAYOUTS[type(node)].arranged(node.kernel)
    return _unpacked(context, f"{node.name}/kernel", kernel), _unpacked(context, f"{node.name}/bias", node.bias)


def _unpacked(context: Context, name: str, data: NDArray[np.float32]) -> Value:
    half = context.emitter.constant(name, np.ascontiguousarray(data, np.float16))
    return context.emitter.unary("DEQUANTIZE", half, f"{name}_float32", None)


def _widened(context: Context, node: Conv | DepthwiseConv | Dense) -> Value:
    return context.emitter.unary("DEQUANTIZE", _integer_kernel(context, node), f"{node.name}/kernel_float32", None)


def _float_bias(context: Context, node: Conv | DepthwiseConv | Dense) -> Value:
    return context.emitter.constant(f"{node.name}/bias", np.ascontiguousarray(node.bias, np.float32))
