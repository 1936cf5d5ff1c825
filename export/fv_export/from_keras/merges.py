"""Sums and products: of two tensors a node `Add` or `Mul`, with a constant an `Affine`.

A constant is a number, or one value a channel; x - c = x + (-c), c - x = (-1) x + c, x / c = x (1/c),
x - y = x + (-1) y.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fv_export.from_keras.building import Call, Converter, TensorName, as_floats
from fv_export.graph import Add, Floats, Mul


def _chain(kind: type[Add] | type[Mul]) -> Converter:
    def convert(call: Call) -> str:
        tensor = call.inputs[0]
        for other in call.inputs[1:]:
            tensor = _pair(call, kind, tensor, other)
        return tensor

    return convert


def _pair(call: Call, kind: type[Add] | type[Mul], first: str, second: str) -> str:
    shapes = call.build.shapes
    call.require(len(shapes[first]) == len(shapes[second]), "its inputs have different numbers of dimensions")
    name = call.name
    # The larger first: kernels stream the first operand and repeat the second.
    larger, smaller = sorted((first, second), key=lambda tensor: -math.prod(shapes[tensor]))
    return call.build.add(kind(name=name, inputs=(larger, smaller), output=name))


def _subtract_layer(call: Call) -> str:
    return _difference(call, call.inputs[0], call.inputs[1])


def _difference(call: Call, first: str, second: str) -> str:
    negative = call.build.affine(f"{call.layer.name}_negative", second, -1.0, 0.0)
    return _pair(call, Add, first, negative)


def _operands(call: Call) -> tuple[Any, Any]:
    call.require(len(call.arguments) == 2, f"it has {len(call.arguments)} operands")
    first, second = call.arguments
    return _operand(call, first), _operand(call, second)


def _operand(call: Call, value: Any) -> str | Floats:
    """A tensor's name, or a constant as (1,) or (C,)."""
    if isinstance(value, TensorName):
        return value.name
    constant = as_floats(value)
    channels = call.shape[-1]
    call.require(
        constant.size == 1 or (constant.size == channels and constant.shape[-1] == channels),
        f"its constant of shape {constant.shape} is not one value a channel",
    )
    return constant.ravel()


def _add_operation(call: Call) -> str:
    first, second = _operands(call)
    if isinstance(first, str) and isinstance(second, str):
        return _pair(call, Add, first, second)
    tensor, constant = (first, second) if isinstance(first, str) else (second, first)
    return call.build.affine(call.layer.name, tensor, 1.0, constant)


def _multiply_operation(call: Call) -> str:
    first, second = _operands(call)
    if isinstance(first, str) and isinstance(second, str):
        return _pair(call, Mul, first, second)
    tensor, constant = (first, second) if isinstance(first, str) else (second, first)
    return call.build.affine(call.layer.name, tensor, constant, 0.0)


def _subtract_operation(call: Call) -> str:
    first, second = _operands(call)
    if isinstance(first, str) and isinstance(second, str):
        return _difference(call, first, second)
    if isinstance(first, str):
        return call.build.affine(call.layer.name, first, 1.0, -second)
    return call.build.affine(call.layer.name, second, -1.0, first)


def _divide_operation(call: Call) -> str:
    first, second = _operands(call)
    call.require(isinstance(first, str) and not isinstance(second, str), "only division by a constant has an entry")
    inverse = (1.0 / np.asarray(second, np.float64)).astype(np.float32)
    call.require(bool(np.isfinite(inverse).all()), "it divides by zero")
    return call.build.affine(call.layer.name, first, inverse, 0.0)


CONVERTERS: dict[str, Converter] = {
    "layers.Add": _chain(Add),
    "layers.Multiply": _chain(Mul),
    "layers.Subtract": _subtract_layer,
    "ops.Add": _add_operation,
    "ops.Multiply": _multiply_operation,
    "ops.Subtract": _subtract_operation,
    "ops.Divide": _divide_operation,
    "ops.TrueDivide": _divide_operation,
}
