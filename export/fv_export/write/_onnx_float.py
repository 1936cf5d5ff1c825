"""Each node kind of the normal form as ONNX operators in floating point, channels first.

One function a kind, in the table `FORMS`. The quantized writer uses the same functions between DequantizeLinear and
QuantizeLinear, so a kind is spelled in one place. What onnxruntime makes of the operators is in docs/findings.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import (
    Activation,
    Add,
    Affine,
    Clip,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Fused,
    Mean,
    Mul,
    Node,
    Pad,
    Pool,
    PoolKind,
    Reshape,
    Softmax,
)
from fv_export.write._onnx_activations import activation, clip
from fv_export.write._onnx_context import Context
from fv_export.write._onnx_layout import (
    TO_CHANNELS_FIRST,
    TO_CHANNELS_LAST,
    channels_first,
    is_map,
    keeps_memory_order,
    pads,
)

Form = Callable[[Context, Any, Sequence[str], str], str]


def emit(context: Context, node: Node, inputs: Sequence[str], wanted: str) -> str:
    """Write `node` without its fused activation, reading the float values `inputs`; returns the float value's name.

    Raises `ValueError` for a kind that is not in the table.
    """
    if type(node) not in FORMS:
        raise ValueError(f"no ONNX form for {type(node).__name__} ({node.name})")
    return FORMS[type(node)](context, node, inputs, wanted)


def emit_fused(context: Context, node: Node, inputs: Sequence[str], wanted: str) -> str:
    """`emit`, then the node's fused activation."""
    low, high = limits_of(node)
    if low == -np.inf and high == np.inf:
        return emit(context, node, inputs, wanted)
    return clip(context, emit(context, node, inputs, f"{node.name}/linear"), low, high, wanted)


def limits_of(node: Node) -> tuple[float, float]:
    """What the node's fused activation leaves through."""
    fused = getattr(node, "fused", Fused.NONE)
    return {Fused.NONE: (-np.inf, np.inf), Fused.RELU: (0.0, np.inf), Fused.RELU6: (0.0, 6.0)}[fused]


def _conv(context: Context, node: Conv | DepthwiseConv, inputs: Sequence[str], wanted: str) -> str:
    attributes = {
        "dilations": list(node.dilation),
        "group": node.kernel.shape[2] if isinstance(node, DepthwiseConv) else 1,
        "kernel_shape": list(node.kernel.shape[:2]),
        "pads": pads(node.padding),
        "strides": list(node.strides),
    }
    weights = (context.store.kernel(node), context.store.bias(node))
    return context.builder.node("Conv", (*inputs, *weights), wanted, attributes)


def _dense(context: Context, node: Dense, inputs: Sequence[str], wanted: str) -> str:
    weights = (context.store.kernel(node), context.store.bias(node))
    return context.builder.node("Gemm", (*inputs, *weights), wanted)


def _affine(context: Context, node: Affine, inputs: Sequence[str], wanted: str) -> str:
    rank = len(context.graph.shapes[node.output])
    shape = (1, -1, 1, 1) if rank == 4 else (1, -1)
    value = inputs[0]
    if np.any(node.scale != 1):
        scale = context.constant(f"{node.name}/scale", node.scale.astype(np.float32).reshape(shape))
        value = context.builder.node("Mul", (value, scale), f"{node.name}/scaled")
    shift = context.constant(f"{node.name}/shift", node.shift.astype(np.float32).reshape(shape))
    return context.builder.node("Add", (value, shift), wanted)


def _add(context: Context, node: Add, inputs: Sequence[str], wanted: str) -> str:
    return context.builder.node("Add", inputs, wanted)


def _mul(context: Context, node: Mul, inputs: Sequence[str], wanted: str) -> str:
    return context.builder.node("Mul", inputs, wanted)


def _mean(context: Context, node: Mean, inputs: Sequence[str], wanted: str) -> str:
    if node.keep_dims:
        return context.builder.node("GlobalAveragePool", inputs, wanted)
    pooled = context.builder.node("GlobalAveragePool", inputs, f"{node.name}/pooled")
    return context.builder.node("Flatten", (pooled,), wanted)


def _pool(context: Context, node: Pool, inputs: Sequence[str], wanted: str) -> str:
    attributes: dict[str, Any] = {
        "kernel_shape": list(node.window),
        "pads": pads(node.padding),
        "strides": list(node.strides),
    }
    if node.kind is PoolKind.MAX:
        return context.builder.node("MaxPool", inputs, wanted, attributes)
    return context.builder.node("AveragePool", inputs, wanted, {**attributes, "count_include_pad": 0})


def pad(context: Context, node: Pad, inputs: Sequence[str], wanted: str, fill: NDArray[Any] | None = None) -> str:
    """Pad rows and columns with `fill` (0.0 when None; in a quantized tensor its zero point)."""
    (top, bottom), (left, right) = node.padding
    amounts = context.constant(f"{node.name}/pads", np.array([0, 0, top, left, 0, 0, bottom, right], np.int64))
    value = context.constant(f"{node.name}/fill", np.array(0, np.float32) if fill is None else fill)
    return context.builder.node("Pad", (*inputs, amounts, value), wanted, {"mode": "constant"})


def reshape(context: Context, node: Reshape, inputs: Sequence[str], wanted: str) -> str:
    """Reshape in the normal form's memory order, with Transposes where the file's order differs (`_onnx_layout`)."""
    source, value = context.graph.shapes[node.inputs[0]], inputs[0]
    if is_map(source) and not keeps_memory_order(context.graph, node):
        value = _transposed(context, value, TO_CHANNELS_LAST, f"{node.name}/channels_last")
    if not is_map(node.shape):
        return _reshaped(context, node, value, channels_first(node.shape), wanted)
    last = _reshaped(context, node, value, node.shape, f"{node.name}/reshaped")
    return _transposed(context, last, TO_CHANNELS_FIRST, wanted)


def _reshaped(context: Context, node: Reshape, value: str, shape: tuple[int, ...], wanted: str) -> str:
    target = context.constant(f"{node.name}/shape", np.array(shape, np.int64))
    return context.builder.node("Reshape", (value, target), wanted)


def _transposed(context: Context, value: str, order: tuple[int, ...], wanted: str) -> str:
    return context.builder.node("Transpose", (value,), wanted, {"perm": list(order)})


def _concat(context: Context, node: Concat, inputs: Sequence[str], wanted: str) -> str:
    return context.builder.node("Concat", inputs, wanted, {"axis": 1})


def _softmax(context: Context, node: Softmax, inputs: Sequence[str], wanted: str) -> str:
    return context.builder.node("Softmax", inputs, wanted, {"axis": 1})


def _clip(context: Context, node: Clip, inputs: Sequence[str], wanted: str) -> str:
    return clip(context, inputs[0], node.low, node.high, wanted)


FORMS: dict[type[Node], Form] = {
    Conv: _conv,
    DepthwiseConv: _conv,
    Dense: _dense,
    Affine: _affine,
    Add: _add,
    Mul: _mul,
    Mean: _mean,
    Pool: _pool,
    Pad: cast(Form, pad),
    Activation: activation,
    Clip: _clip,
    Concat: _concat,
    Reshape: reshape,
    Softmax: _softmax,
}
