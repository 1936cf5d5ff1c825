"""The element-wise functions as ONNX operators in floating point.

onnxruntime (1.31) runs HardSwish, HardSigmoid, Relu and Clip inside the convolution that writes their input; silu
becomes one operator of its own (QuickGelu).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fv_export.graph import Activation, Function
from fv_export.write._onnx_context import Context


def clip(context: Context, value: str, low: float, high: float, wanted: str) -> str:
    """min(max(x, low), high); Relu where that is all, for it fuses with more."""
    if (low, high) == (0.0, np.inf):
        return context.builder.node("Relu", (value,), wanted)
    bounds = [
        "" if np.isinf(bound) else context.constant(f"{wanted}/{side}", np.array(bound, np.float32))
        for side, bound in (("low", low), ("high", high))
    ]
    return context.builder.node("Clip", (value, *bounds), wanted)


def activation(context: Context, node: Activation, inputs: Sequence[str], wanted: str) -> str:
    """Write `node`, reading one float value; returns the float result's name."""
    build, value = context.builder.node, inputs[0]
    match node.function:
        case Function.RELU:
            return clip(context, value, 0.0, np.inf, wanted)
        case Function.RELU6:
            return clip(context, value, 0.0, 6.0, wanted)
        case Function.SILU:
            gate = build("Sigmoid", (value,), f"{node.name}/gate")
            return build("Mul", (value, gate), wanted)
        case Function.GELU:
            return _gelu(context, node, value, wanted)
        case _:
            operator, attributes = _SINGLE[node.function]
            if node.function in (Function.LEAKY_RELU, Function.ELU):
                attributes = {"alpha": float(node.alpha)}
            return build(operator, (value,), wanted, attributes)


# HardSigmoid's defaults are another function (alpha 0.2); Keras's is relu6(x + 3) / 6.
_SINGLE: dict[Function, tuple[str, dict[str, Any]]] = {
    Function.HARD_SIGMOID: ("HardSigmoid", {"alpha": 1.0 / 6.0, "beta": 0.5}),
    Function.HARD_SWISH: ("HardSwish", {}),
    Function.SIGMOID: ("Sigmoid", {}),
    Function.TANH: ("Tanh", {}),
    Function.LEAKY_RELU: ("LeakyRelu", {}),
    Function.ELU: ("Elu", {}),
}


def _gelu(context: Context, node: Activation, value: str, wanted: str) -> str:
    """x * (1 + erf(x / sqrt 2)) / 2: the exact form; Gelu itself comes with opset 20."""
    build = context.builder.node
    root, one, half = (
        context.constant(f"{node.name}/{name}", np.array(number, np.float32))
        for name, number in (("root", np.sqrt(2.0)), ("one", 1.0), ("half", 0.5))
    )
    error = build("Erf", (build("Div", (value, root), f"{node.name}/divided"),), f"{node.name}/erf")
    product = build("Mul", (value, build("Add", (error, one), f"{node.name}/plus")), f"{node.name}/product")
    return build("Mul", (product, half), wanted)
