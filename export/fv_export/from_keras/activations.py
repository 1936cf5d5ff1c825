"""Activations: the layers, the functions given by name inside other layers, and the operations of `keras.ops`."""

from __future__ import annotations

import math
from typing import Any

import keras

from fv_export.from_keras.building import Call, Converter
from fv_export.graph import Activation, Clip, Function, Softmax

# Keras's name of the function -> ours, with the slope or scale that Keras takes by default.
_FUNCTIONS: dict[str, tuple[Function, float]] = {
    "relu": (Function.RELU, 0.0),
    "relu6": (Function.RELU6, 0.0),
    "sigmoid": (Function.SIGMOID, 0.0),
    "silu": (Function.SILU, 0.0),
    "hard_sigmoid": (Function.HARD_SIGMOID, 0.0),
    "hard_silu": (Function.HARD_SWISH, 0.0),
    "tanh": (Function.TANH, 0.0),
    "leaky_relu": (Function.LEAKY_RELU, 0.2),
    "elu": (Function.ELU, 1.0),
    "gelu": (Function.GELU, 0.0),
}


def activated(call: Call, tensor: str, function: Any) -> str:
    """`function`, as a layer's `activation` attribute holds it, over `tensor`."""
    if function is None or function is keras.activations.linear:
        return tensor
    name = getattr(function, "__name__", "")
    call.require(
        getattr(keras.activations, name, None) is function, f"its activation {name or function!r} is not known"
    )
    if name == "softmax":
        return _softmax(call, tensor)
    call.require(name in _FUNCTIONS, f"the activation {name} has no entry in the normal form")
    kind, alpha = _FUNCTIONS[name]
    return _apply(call, tensor, kind, alpha)


def _apply(call: Call, tensor: str, function: Function, alpha: float = 0.0) -> str:
    name = call.build.name(f"{call.layer.name}_{function}" if tensor.startswith(call.layer.name) else call.layer.name)
    return call.build.add(Activation(name=name, inputs=(tensor,), output=name, function=function, alpha=alpha))


def _clip(call: Call, tensor: str, low: float, high: float) -> str:
    name = call.build.name(f"{call.layer.name}_clip")
    return call.build.add(Clip(name=name, inputs=(tensor,), output=name, low=low, high=high))


def _softmax(call: Call, tensor: str) -> str:
    axis = getattr(call.layer, "axis", -1)
    rank = len(call.build.shapes[tensor])
    call.require(axis in (-1, rank - 1), f"softmax over axis {axis} is not over the classes")
    name = call.build.name(f"{call.layer.name}_softmax")
    return call.build.add(Softmax(name=name, inputs=(tensor,), output=name))


def _activation_layer(call: Call) -> str:
    return activated(call, call.inputs[0], call.layer.activation)


def _relu_layer(call: Call) -> str:
    layer = call.layer
    call.require(float(layer.threshold or 0) == 0, "a ReLU with a threshold has no entry in the normal form")
    slope = float(layer.negative_slope or 0)
    high = math.inf if layer.max_value is None else float(layer.max_value)
    if slope:
        tensor = _apply(call, call.inputs[0], Function.LEAKY_RELU, slope)
        return tensor if math.isinf(high) else _clip(call, tensor, -math.inf, high)
    if math.isinf(high):
        return _apply(call, call.inputs[0], Function.RELU)
    if high == 6.0:
        return _apply(call, call.inputs[0], Function.RELU6)
    return _clip(call, call.inputs[0], 0.0, high)


def _leaky_relu_layer(call: Call) -> str:
    return _apply(call, call.inputs[0], Function.LEAKY_RELU, float(call.layer.negative_slope))


def _elu_layer(call: Call) -> str:
    return _apply(call, call.inputs[0], Function.ELU, float(call.layer.alpha))


def _softmax_layer(call: Call) -> str:
    return _softmax(call, call.inputs[0])


def _clip_operation(call: Call) -> str:
    return _clip(call, call.inputs[0], float(call.layer.x_min), float(call.layer.x_max))


def _gelu_operation(call: Call) -> str:
    call.require(not call.layer.approximate, "the approximate GELU has no entry in the normal form")
    return _apply(call, call.inputs[0], Function.GELU)


def _plain(function: Function) -> Converter:
    def convert(call: Call) -> str:
        return _apply(call, call.inputs[0], function)

    return convert


CONVERTERS: dict[str, Converter] = {
    "layers.Activation": _activation_layer,
    "layers.ReLU": _relu_layer,
    "layers.LeakyReLU": _leaky_relu_layer,
    "layers.ELU": _elu_layer,
    "layers.Softmax": _softmax_layer,
    "ops.Clip": _clip_operation,
    "ops.Gelu": _gelu_operation,
    "ops.Softmax": _softmax_layer,
    "ops.Relu": _plain(Function.RELU),
    "ops.Relu6": _plain(Function.RELU6),
    "ops.Sigmoid": _plain(Function.SIGMOID),
    "ops.Silu": _plain(Function.SILU),
    "ops.HardSigmoid": _plain(Function.HARD_SIGMOID),
    "ops.HardSilu": _plain(Function.HARD_SWISH),
    "ops.Tanh": _plain(Function.TANH),
}
