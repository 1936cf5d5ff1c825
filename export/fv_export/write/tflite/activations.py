"""Element-wise functions and Clip.

float      RELU, RELU6, LOGISTIC, TANH, LEAKY_RELU, GELU, HARD_SWISH: the operator of that name
           silu           x * LOGISTIC(x)
           hard_sigmoid   ADD(x, 3) fused with RELU6, MUL by 1/6
           elu, alpha a   ELU(x) for a = 1; else RELU(x) + a * MINIMUM(ELU(x), 0)
           clip           RELU, RELU6, RELU_N1_TO_1 where they fit; else MAXIMUM and MINIMUM

integer    LOGISTIC and TANH write a format that their kernels fix (activations.cc): 1/256 and zero point -128, 1/128
           and 0; with 16 bits 1/32768 and 0. Where the annotation wants another, a QUANTIZE follows.
           clip is a QUANTIZE whose saturation clips, where the output's format reaches no further than the bound; a
           MAXIMUM or MINIMUM in the output's format does the rest. XNNPACK takes all three, but no int8 RELU.
           hard_sigmoid is an ADD of 3 saturating in [0, 6] and a MUL by 1/6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from fv_export.graph import Activation, Clip, Function, Fused, Node, Quantized
from fv_export.write.tflite.affine import plus, scalar, times
from fv_export.write.tflite.context import Context, Lowering
from fv_export.write.tflite.emitter import Value, per_tensor

_FIXED = {
    ("LOGISTIC", 8): per_tensor(8, 1 / 256, -128),
    ("TANH", 8): per_tensor(8, 1 / 128, 0),
    ("LOGISTIC", 16): per_tensor(16, 1 / 32768, 0),
    ("TANH", 16): per_tensor(16, 1 / 32768, 0),
}
# [0, 6]: what x + 3 saturates in; with 16 bits the format is symmetric and the fused RELU6 clips.
_ZERO_TO_SIX = {8: per_tensor(8, 6 / 255, -128), 16: per_tensor(16, 6 / 32767, 0)}
_RELU_BOUNDS = {Function.RELU: (0.0, math.inf), Function.RELU6: (0.0, 6.0)}
_FIXED_CODES = {Function.SIGMOID: "LOGISTIC", Function.TANH: "TANH"}
_PLAIN = {
    Function.HARD_SWISH: ("HARD_SWISH", schema.HardSwishOptionsT),
    Function.GELU: ("GELU", schema.GeluOptionsT),
}
_RELUS = {(0.0, math.inf): "RELU", (0.0, 6.0): "RELU6", (-1.0, 1.0): "RELU_N1_TO_1"}
# A format that reaches this share of a step beyond a bound holds no integer that is nearer to the wrong side.
_HALF_A_STEP = 0.5


def activation(context: Context, node: Activation, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """The operators of an Activation node; `inputs` and `target` as in `context`."""
    x, name = inputs[0], node.output
    if node.function in _RELU_BOUNDS:
        return _clipped(context, x, *_RELU_BOUNDS[node.function], name, target)
    if node.function in _FIXED_CODES:
        return context.emitter.converted(_fixed(context, _FIXED_CODES[node.function], x, name), target, name)
    if node.function in _PLAIN:
        code, options = _PLAIN[node.function]
        return context.emitter.unary(code, x, name, target, options())
    return _COMPOSED[node.function](context, node, x, target)


def clip(context: Context, node: Clip, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """The operators of a Clip node; `inputs` and `target` as in `context`."""
    return _clipped(context, inputs[0], node.low, node.high, node.output, target)


def _fixed(context: Context, code: str, x: Value, name: str) -> Value:
    """LOGISTIC or TANH of `x`, in the format that the kernel fixes for the input's width."""
    fixed = None if x.quantized is None else _FIXED[code, x.quantized.bits]
    return context.emitter.unary(code, x, name, fixed)


def _silu(context: Context, node: Activation, x: Value, target: Quantized | None) -> Value:
    gate = _fixed(context, "LOGISTIC", x, f"{node.name}/gate")
    out = context.emitter.activation(node.output, x.shape, target)
    return context.emitter.operator("MUL", [x, gate], out, schema.MulOptionsT())


def _hard_sigmoid(context: Context, node: Activation, x: Value, target: Quantized | None) -> Value:
    six = None if target is None else _ZERO_TO_SIX[target.bits]
    shifted = plus(context, x, 3.0, f"{node.name}/plus_3", six, Fused.RELU6)
    return times(context, shifted, 1 / 6, node.output, target, Fused.NONE)


def _leaky_relu(context: Context, node: Activation, x: Value, target: Quantized | None) -> Value:
    options = schema.LeakyReluOptionsT()
    options.alpha = node.alpha
    return context.emitter.unary("LEAKY_RELU", x, node.output, target, options)


def _elu(context: Context, node: Activation, x: Value, target: Quantized | None) -> Value:
    emitter = context.emitter
    if node.alpha == 1.0:
        return emitter.unary("ELU", x, node.output, target)
    below = _bound(context, "MINIMUM", emitter.unary("ELU", x, f"{node.name}/elu", None), 0.0, f"{node.name}/below")
    scaled = times(context, below, node.alpha, f"{node.name}/scaled", None, Fused.NONE)
    above = emitter.unary("RELU", x, f"{node.name}/above", None)
    out = emitter.activation(node.output, x.shape, None)
    return emitter.operator("ADD", [above, scaled], out, schema.AddOptionsT())


def _clipped(context: Context, x: Value, low: float, high: float, name: str, target: Quantized | None) -> Value:
    if target is None and (low, high) in _RELUS:
        return context.emitter.unary(_RELUS[low, high], x, name, None)
    out = context.emitter.converted(x, target, name)
    if low > _reach(target, 0):
        out = _bound(context, "MAXIMUM", out, low, name)
    if high < _reach(target, 1):
        out = _bound(context, "MINIMUM", out, high, name)
    return out


def _reach(target: Quantized | None, end: int) -> float:
    """The lowest (`end` 0) or highest (1) number of the format, half a step further in; infinite for float."""
    sign = (-1, 1)[end]
    if target is None:
        return sign * math.inf
    inner = target.limits[end] - sign * _HALF_A_STEP - int(target.zero_point[0])
    return float(target.scale[0]) * inner


def _bound(context: Context, code: str, x: Value, number: float, name: str) -> Value:
    """MAXIMUM or MINIMUM of `x` and a number; the integer kernels want both in one format."""
    if x.quantized is None:
        constant = scalar(context, number, None)
    else:
        integer = np.rint(number / x.quantized.scale[0]) + x.quantized.zero_point[0]
        clamped = np.clip(integer, *x.quantized.limits).astype(x.dtype).reshape(1)
        constant = context.emitter.constant(f"{name}/bound_{number:.6g}", clamped, x.quantized)
    options: Any = schema.MaximumMinimumOptionsT()
    return context.emitter.operator(
        code, [x, constant], context.emitter.activation(name, x.shape, x.quantized), options
    )


_COMPOSED = {
    Function.SILU: _silu,
    Function.HARD_SIGMOID: _hard_sigmoid,
    Function.LEAKY_RELU: _leaky_relu,
    Function.ELU: _elu,
}
LOWERINGS: dict[type[Node], Lowering] = {Activation: activation, Clip: clip}
