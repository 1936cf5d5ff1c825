"""A Dense layer whose input is quantized anew for each picture.

    u, s_x, z_x = DynamicQuantizeLinear(x)          uint8, by the smallest and largest element of x
    y = MatMulInteger(u, W8, z_x) * (s_x * s_w) + b     s_w by output channel

onnxruntime fuses the five operators into one (DynamicQuantizeMatMul). A picture's vector is one row, so the float
product is bound by reading the kernel from memory: a quarter of the bytes is what makes this worth while.
"""

from __future__ import annotations

import numpy as np

from fv_export.graph import Dense, Weights
from fv_export.write._onnx_activations import clip
from fv_export.write._onnx_context import Context
from fv_export.write._onnx_float import limits_of
from fv_export.write._onnx_layout import kernel_of


def emit_dynamic(context: Context, node: Dense, weights: Weights, value: str, wanted: str) -> str:
    """Write `node`, reading the float `value` (1, c_in); returns the float result's name."""
    from onnx import TensorProto

    builder, name = context.builder, node.name
    outputs = (f"{name}/stored", f"{name}/input_scale", f"{name}/input_zero")
    stored, input_scale, input_zero = builder.nodes("DynamicQuantizeLinear", (value,), outputs)
    kernel = builder.constant(f"{name}/kernel", kernel_of(node, weights.kernel, context.graph))
    scale = np.broadcast_to(weights.kernel_scale.scale, node.bias.shape).astype(np.float32)
    kernel_scale = builder.constant(f"{name}/kernel_scale", scale)
    kernel_zero = builder.constant(f"{name}/kernel_zero", np.zeros(scale.shape, np.int8))
    sums = builder.node("MatMulInteger", (stored, kernel, input_zero, kernel_zero), f"{name}/sums")
    real = builder.node("Cast", (sums,), f"{name}/real", {"to": int(TensorProto.FLOAT)})
    factor = builder.node("Mul", (input_scale, kernel_scale), f"{name}/factor")
    scaled = builder.node("Mul", (real, factor), f"{name}/scaled")
    bias = builder.constant(f"{name}/bias", node.bias.astype(np.float32))
    low, high = limits_of(node)
    unbounded = low == -np.inf and high == np.inf
    result = builder.node("Add", (scaled, bias), wanted if unbounded else f"{name}/linear")
    return result if unbounded else clip(context, result, low, high, wanted)
