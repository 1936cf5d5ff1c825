"""Each node kind of a quantized graph, put into a form that onnxruntime has an integer kernel for.

Where there is no such kernel:

    fused relu, relu6      nothing, where the grid of the result ends at the bounds; else Clip on the integers
    hard_sigmoid(x)        x / 6 + 1/2, stored on a grid that ends at 0 and 1: QLinearAdd. The 1/6 is in the scale with
                           which x is read: s * (q - z) / 6 = (s / 6) * (q - z)
    hard_swish(x)          x * hard_sigmoid(x), the gate on the grid [0, 1]: QLinearAdd, QLinearMul
    silu(x)                x * sigmoid(x): QLinearSigmoid (a table look-up), QLinearMul
    affine, one scale a    x read with scale s * a, plus the shift: QLinearAdd
    affine that only moves the zero point: nothing, the integers are the same
    affine by channel      a 1 x 1 depthwise convolution with the kernels +-127: QLinearConv, exact, for the weight's
                           scale carries the factor
    max pool, pad, reshape on the integers as they are, then another grid if the result's differs

What is left is computed in float between a DequantizeLinear and a QuantizeLinear and listed in the writer's `islands`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fv_export.graph import (
    Activation,
    Affine,
    Clip,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Mean,
    Node,
    Pad,
    Pool,
    PoolKind,
    Reshape,
    Softmax,
)
from fv_export.write._onnx_affine import as_depthwise
from fv_export.write._onnx_context import Context
from fv_export.write._onnx_float import emit, limits_of, pad, reshape
from fv_export.write._onnx_grid import GATE, LARGEST
from fv_export.write._onnx_integer import IntegerWriter
from fv_export.write._onnx_weights import Integer
from fv_export.write.quads import Quads, in_quads


def write_node(writer: IntegerWriter, node: Node, wanted: str) -> None:
    """Write one node; `wanted` names its float value where it has one."""
    if isinstance(node, Softmax) or not writer.is_quantized(node):
        writer.in_float(node, wanted)
        return
    form = _FORMS.get(type(node))
    if form is None or not form(writer, node):
        writer.between_pairs(node, writer.context)


def _weighted(writer: IntegerWriter, node: Conv | DepthwiseConv | Dense) -> bool:
    weights = writer.annotation.weights[node.name]
    scale = writer.scale(writer.grids[node.inputs[0]], node.inputs[0])
    if isinstance(node, Conv):
        shapes = writer.graph.shapes
        quads = in_quads(node, weights, shapes[node.inputs[0]], shapes[node.output])
        if quads is not None:
            _on_quads(writer, node, quads, scale)
            return True
    store = Integer(writer.builder, writer.graph, weights, scale)
    writer.between_pairs(node, Context(writer.builder, writer.graph, store))
    return True


def _on_quads(writer: IntegerWriter, node: Conv, quads: Quads, scale: str) -> None:
    context = Context(writer.builder, writer.graph, Integer(writer.builder, writer.graph, quads.weights, scale))
    source, grid = node.inputs[0], writer.grids[node.output]
    read = writer.as_map(writer.stored[source], quads.read, f"{node.name}/quads")
    value = writer.dequantize(read, writer.grids[source], f"{node.name}/quads/real")
    written = writer.quantize(
        emit(context, quads.node, (value,), f"{node.output}/linear"), grid, f"{node.output}/quads"
    )
    stored = writer.as_map(written, writer.graph.shapes[node.output], f"{node.output}/stored")
    writer.keep(node, stored, grid, *limits_of(node))


def _activation(writer: IntegerWriter, node: Activation) -> bool:
    match node.function:
        case Function.RELU:
            writer.keep(node, writer.stored[node.inputs[0]], writer.grids[node.inputs[0]], 0.0, np.inf)
        case Function.RELU6:
            writer.keep(node, writer.stored[node.inputs[0]], writer.grids[node.inputs[0]], 0.0, 6.0)
        case Function.HARD_SIGMOID:
            writer.store(node, _sixth_plus_half(writer, node), 0.0, 1.0)
        case Function.HARD_SWISH:
            _gated(writer, node, _sixth_plus_half(writer, node))
        case Function.SILU:
            gate = writer.builder.node("Sigmoid", (writer.read(node.inputs[0]),), f"{node.output}/sigmoid")
            _gated(writer, node, gate)
        case Function.SIGMOID | Function.LEAKY_RELU:
            return False
        case _:
            writer.island(node, node.function.value)
            return False
    return True


def _sixth_plus_half(writer: IntegerWriter, node: Activation) -> str:
    sixth = writer.read(node.inputs[0], 1.0 / 6.0)
    half = writer.constant(0.5, f"{node.output}/half")
    return writer.builder.node("Add", (sixth, half), f"{node.output}/linear")


def _gated(writer: IntegerWriter, node: Activation, gate: str) -> None:
    """x times the gate, which is stored on [0, 1] in between."""
    stored = writer.quantize(gate, GATE, f"{node.output}/gate")
    inputs = (writer.read(node.inputs[0]), writer.dequantize(stored, GATE, f"{node.output}/gate_real"))
    writer.store(node, writer.builder.node("Mul", inputs, f"{node.output}/product"))


def _affine(writer: IntegerWriter, node: Affine) -> bool:
    source, target = writer.grids[node.inputs[0]], writer.grids[node.output]
    moved = source.scale * (source.zero_point - target.zero_point)
    if source.scale == target.scale and np.all(node.scale == 1) and np.all(node.shift == moved):
        # s (u - z) + c = s (u - z'): the same integers. So it is with the picture, whose shift is a whole number.
        writer.keep(node, writer.stored[node.inputs[0]], target, *limits_of(node))
        return True
    if np.ptp(node.scale) == 0 and np.ptp(node.shift) == 0 and node.scale.flat[0] > 0:
        value = writer.read(node.inputs[0], float(node.scale.flat[0]))
        shift = writer.constant(float(node.shift.flat[0]), f"{node.output}/shift")
        writer.store(node, writer.builder.node("Add", (value, shift), f"{node.output}/linear"), *limits_of(node))
        return True
    if len(writer.graph.shapes[node.output]) != 4:
        writer.island(node, "a factor by channel of a vector")
        return False
    conv, weights = as_depthwise(node, source.scale)
    store = Integer(writer.builder, writer.graph, weights, writer.scale(source, node.inputs[0]))
    writer.between_pairs(conv, Context(writer.builder, writer.graph, store))
    return True


def _clip(writer: IntegerWriter, node: Clip) -> bool:
    writer.keep(node, writer.stored[node.inputs[0]], writer.grids[node.inputs[0]], node.low, node.high)
    return True


def _mean(writer: IntegerWriter, node: Mean) -> bool:
    """The flattening stands behind the QuantizeLinear: between it and the mean it would prevent the fusion."""
    pooled = writer.builder.node("GlobalAveragePool", (writer.read(node.inputs[0]),), f"{node.output}/pooled")
    writer.store(node, pooled)
    if not node.keep_dims:
        writer.stored[node.output] = writer.builder.node(
            "Flatten", (writer.stored[node.output],), f"{node.output}/flat"
        )
    return True


def _pool(writer: IntegerWriter, node: Pool) -> bool:
    if node.kind is not PoolKind.MAX:
        return False
    source = node.inputs[0]
    pooled = emit(writer.context, node, (writer.stored[source],), f"{node.output}/integers")
    writer.keep(node, pooled, writer.grids[source])
    return True


def _pad(writer: IntegerWriter, node: Pad) -> bool:
    source = node.inputs[0]
    grid = writer.grids[source]
    fill = np.array(np.clip(grid.zero_point, 0, LARGEST), np.uint8)
    integers = pad(writer.context, node, (writer.stored[source],), f"{node.output}/integers", fill)
    writer.keep(node, integers, grid)
    return True


def _reshape(writer: IntegerWriter, node: Reshape) -> bool:
    source = node.inputs[0]
    integers = reshape(writer.context, node, (writer.stored[source],), f"{node.output}/integers")
    writer.keep(node, integers, writer.grids[source])
    return True


# A form answers whether it wrote the node; where it did not, the node is written in its float form between pairs.
_FORMS: dict[type[Node], Callable[[IntegerWriter, Any], bool]] = {
    Conv: _weighted,
    DepthwiseConv: _weighted,
    Dense: _weighted,
    Activation: _activation,
    Affine: _affine,
    Clip: _clip,
    Mean: _mean,
    Pool: _pool,
    Pad: _pad,
    Reshape: _reshape,
}
