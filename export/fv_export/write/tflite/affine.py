"""y = x * scale + shift, a channel at a time.

float      MUL and ADD with constants of (C,), or of one element where all channels agree; scale 1 and shift 0 are
           left out.

integer    scale 1, one shift a    ADD of the scalar a: XNNPACK has a kernel for a constant operand, and the saturation
                                   of the output's integers is a free clip (a + x in [0, 6] is relu6(x + a))
           shift 0, one scale      MUL by the scalar
           else                    DEPTHWISE_CONV_2D with a 1 x 1 kernel of +-127. Its scales are a number a channel, so
                                   each channel keeps all its precision, where a MUL's constant would share one scale:

                                       kernel_c = sign(scale_c) * 127,    s_kernel_c = |scale_c| / 127
                                       bias_c   = shift_c / (s_x * s_kernel_c)

                                   s_kernel_c is raised where the bias would leave 30 bits, and is s_y / s_x for a
                                   channel of scale 0, which keeps the rescaling factor s_x * s_kernel / s_y at 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from fv_export.graph import Affine, Fused, Quantized
from fv_export.write.tflite.context import FUSED, Context
from fv_export.write.tflite.emitter import Value, per_tensor
from fv_export.write.tflite.nodes import reshaped
from fv_export.write.tflite.weights import bias_of

_INT8_MAX = 127
_LARGEST_BIAS = float(1 << 30)
_LARGEST = {8: 127, 16: 32767}


def affine(context: Context, node: Affine, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """The operators of an Affine node; `inputs` and `target` as in `context`."""
    x = inputs[0]
    if target is None:
        return _float(context, node, x)
    if _all(node.scale, 1.0) and _same(node.shift) and node.shift[0] != 0:
        return plus(context, x, float(node.shift[0]), node.output, target, node.fused)
    if _all(node.shift, 0.0) and _same(node.scale) and node.scale[0] > 0:
        return times(context, x, float(node.scale[0]), node.output, target, node.fused)
    return _depthwise(context, node, x, target)


def plus(context: Context, x: Value, number: float, name: str, target: Quantized | None, fused: Fused) -> Value:
    """x + number, with ADD."""
    return _binary(context, "ADD", x, scalar(context, number, target), name, target, fused)


def times(context: Context, x: Value, number: float, name: str, target: Quantized | None, fused: Fused) -> Value:
    """x * number, with MUL."""
    return _binary(context, "MUL", x, scalar(context, number, target), name, target, fused)


def scalar(context: Context, number: float, target: Quantized | None) -> Value:
    """A constant of one element: float32, or the largest integer of the width of `target` with a scale that fits."""
    name = f"constant_{number:.6g}"
    if target is None:
        return context.emitter.constant(name, np.array([number], np.float32))
    largest = _LARGEST[target.bits]
    integer = np.array([largest if number > 0 else -largest], np.int8 if target.bits == 8 else np.int16)
    return context.emitter.constant(name, integer, per_tensor(target.bits, abs(number) / largest))


def _binary(
    context: Context, code: str, x: Value, constant: Value, name: str, target: Quantized | None, fused: Fused
) -> Value:
    options = schema.AddOptionsT() if code == "ADD" else schema.MulOptionsT()
    options.fusedActivationFunction = FUSED[fused]
    if code == "ADD":
        options.potScaleInt16 = False
    out = context.emitter.activation(name, x.shape, target)
    return context.emitter.operator(code, [x, constant], out, options)


def _float(context: Context, node: Affine, x: Value) -> Value:
    has_scale, has_shift = not _all(node.scale, 1.0), not _all(node.shift, 0.0)
    if has_scale:
        constant = context.emitter.constant(f"{node.name}/scale", _shortest(node.scale))
        name, fused = (f"{node.name}/scaled", Fused.NONE) if has_shift else (node.output, node.fused)
        x = _binary(context, "MUL", x, constant, name, None, fused)
    if has_shift or not has_scale:
        constant = context.emitter.constant(f"{node.name}/shift", _shortest(node.shift))
        x = _binary(context, "ADD", x, constant, node.output, None, node.fused)
    return x


def _depthwise(context: Context, node: Affine, x: Value, target: Quantized) -> Value:
    if x.quantized is None:
        raise ValueError(f"{node.name} computes in integers but reads a float tensor")
    channels = x.shape[-1]
    flat = x if len(x.shape) == 4 else reshaped(context, f"{node.name}/map", x, (1, 1, 1, channels))
    step = float(x.quantized.scale[0])
    scale, shift = np.broadcast_to(node.scale, channels), np.broadcast_to(node.shift, channels)
    kernel_scale = np.maximum(np.abs(scale, dtype=np.float64) / _INT8_MAX, np.abs(shift) / (step * _LARGEST_BIAS))
    kernel_scale = np.where(kernel_scale > 0, kernel_scale, float(target.scale[0]) / step)
    kernel = np.rint(scale / kernel_scale).astype(np.int8).reshape(1, 1, 1, channels)
    bias = np.rint(shift / (step * kernel_scale)).astype(np.int64)
    operands = [
        flat,
        context.emitter.constant(f"{node.name}/scale", kernel, _channels(kernel_scale)),
        bias_of(context, f"{node.name}/shift", bias, step * kernel_scale, target.bits),
    ]
    options = schema.DepthwiseConv2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = options.depthMultiplier = 1
    options.fusedActivationFunction = FUSED[node.fused]
    name = node.output if flat is x else f"{node.name}/result"
    out = context.emitter.activation(name, flat.shape, target)
    context.emitter.operator("DEPTHWISE_CONV_2D", operands, out, options)
    return out if flat is x else reshaped(context, node.output, out, x.shape)


def _channels(scale: NDArray[np.float64]) -> Quantized:
    return Quantized(8, scale, np.zeros(scale.size, np.int64), 3)


def _all(values: NDArray[np.float32], number: float) -> bool:
    return bool(np.all(values == number))


def _same(values: NDArray[np.float32]) -> bool:
    return bool(np.all(values == values.flat[0]))


def _shortest(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(values[:1] if _same(values) else values, np.float32)
