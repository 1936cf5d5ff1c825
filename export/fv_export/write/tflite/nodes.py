"""The lowering of every node but Affine, Activation and Clip: one operator each, behind a PAD or RESHAPE if needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from fv_export.graph import (
    Add,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Mean,
    Mul,
    Node,
    Pad,
    Padding,
    Pool,
    PoolKind,
    Quantized,
    Reshape,
    Softmax,
)
from fv_export.write.quads import PAIRS, in_quads
from fv_export.write.tflite.context import FUSED, PADDING, Context, Lowering, Window
from fv_export.write.tflite.emitter import Value
from fv_export.write.tflite.padding import Rule
from fv_export.write.tflite.weights import kernel_and_bias

_ROWS_AND_COLUMNS = np.array([1, 2], np.int32)


def conv(context: Context, node: Conv, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """CONV_2D; of a picture in 8 bits, on quads of columns, or on pairs (`quads`)."""
    shape = context.shapes[node.output]
    if target is None or target.bits != 8 or node.name not in context.weights:
        return _conv(context, node, inputs[0], context.out(node, target), target)
    weights, source = context.weights[node.name], inputs[0].shape
    quads = in_quads(node, weights, source, shape) or in_quads(node, weights, source, shape, PAIRS)
    if quads is None:
        return _conv(context, node, inputs[0], context.out(node, target), target)
    read = reshaped(context, f"{node.name}/quads", inputs[0], quads.read)
    own = replace(context, weights=context.weights | {node.name: quads.weights})
    if quads.written == shape:
        return _conv(own, quads.node, read, context.out(node, target), target)
    out = context.emitter.activation(f"{node.output}/quads", quads.written, target)
    return reshaped(context, node.output, _conv(own, quads.node, read, out, target), shape)


def _conv(context: Context, node: Conv, source: Value, out: Value, target: Quantized | None) -> Value:
    window = Window((node.kernel.shape[0], node.kernel.shape[1]), node.strides, node.padding, node.dilation)
    x, rule = _padded(context, node.name, source, window)
    options = schema.Conv2DOptionsT()
    _set_convolution(options, window, rule, FUSED[node.fused])
    return context.emitter.operator("CONV_2D", [x, *kernel_and_bias(context, node, x, target)], out, options)


def depthwise_conv(context: Context, node: DepthwiseConv, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """DEPTHWISE_CONV_2D."""
    window = Window((node.kernel.shape[0], node.kernel.shape[1]), node.strides, node.padding, node.dilation)
    x, rule = _padded(context, node.name, inputs[0], window)
    options = schema.DepthwiseConv2DOptionsT()
    _set_convolution(options, window, rule, FUSED[node.fused])
    options.depthMultiplier = node.kernel.shape[3]
    operands = [x, *kernel_and_bias(context, node, x, target)]
    out = context.out(node, target)
    return context.emitter.operator("DEPTHWISE_CONV_2D", operands, out, options, dilated=node.dilation != (1, 1))


def dense(context: Context, node: Dense, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """FULLY_CONNECTED."""
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = FUSED[node.fused]
    operands = [inputs[0], *kernel_and_bias(context, node, inputs[0], target)]
    return context.emitter.operator("FULLY_CONNECTED", operands, context.out(node, target), options)


def add(context: Context, node: Add, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """ADD."""
    options = schema.AddOptionsT()
    options.fusedActivationFunction = FUSED[node.fused]
    options.potScaleInt16 = False
    return context.emitter.operator("ADD", inputs, context.out(node, target), options)


def mul(context: Context, node: Mul, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """MUL."""
    options = schema.MulOptionsT()
    options.fusedActivationFunction = FUSED[node.fused]
    return context.emitter.operator("MUL", inputs, context.out(node, target), options)


def mean(context: Context, node: Mean, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """MEAN over rows and columns."""
    options = schema.ReducerOptionsT()
    options.keepDims = node.keep_dims
    axes = context.emitter.constant("rows_and_columns", _ROWS_AND_COLUMNS)
    return context.emitter.operator("MEAN", [inputs[0], axes], context.out(node, target), options)


def pool(context: Context, node: Pool, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """MAX_POOL_2D or AVERAGE_POOL_2D; both need input and output in one format, so the result is converted after."""
    x = inputs[0]
    window = Window(node.window, node.strides, node.padding)
    rule = window.rule(x.shape)
    if rule is Rule.PAD and node.kind is PoolKind.AVERAGE:
        return _average_of_real_pixels(context, node, x)
    if rule is Rule.PAD:
        x = _padded_with_lowest(context, node, x)
    own = context.emitter.activation(node.output, context.shapes[node.output], x.quantized)
    code = "MAX_POOL_2D" if node.kind is PoolKind.MAX else "AVERAGE_POOL_2D"
    context.emitter.operator(code, [x], own, _pool_options(node, PADDING[rule]))
    return context.emitter.converted(own, target, node.output)


def pad(context: Context, node: Pad, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """PAD; an integer tensor is padded with its zero point."""
    return context.emitter.converted(_pad(context, node.output, inputs[0], node.padding), target, node.output)


def concat(context: Context, node: Any, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """CONCATENATION over the last axis; the integer kernels want every input in the output's format."""
    same = [context.emitter.converted(value, target, f"{node.output}/input") for value in inputs]
    options = schema.ConcatenationOptionsT()
    options.axis = len(context.shapes[node.output]) - 1
    return context.emitter.operator("CONCATENATION", same, context.out(node, target), options)


def reshape(context: Context, node: Reshape, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """RESHAPE; it keeps the format, so the result is converted after."""
    return context.emitter.converted(reshaped(context, node.output, inputs[0], node.shape), target, node.output)


def softmax(context: Context, node: Softmax, inputs: Sequence[Value], target: Quantized | None) -> Value:
    """SOFTMAX, always in float: probabilities keep their precision."""
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    return context.emitter.operator("SOFTMAX", inputs, context.out(node, target), options)


def reshaped(context: Context, name: str, x: Value, shape: tuple[int, ...]) -> Value:
    """`x` under another shape, in the same format."""
    options = schema.ReshapeOptionsT()
    options.newShape = np.asarray(shape, np.int32)
    wanted = context.emitter.constant(f"{name}/shape", np.asarray(shape, np.int32))
    out = context.emitter.activation(name, shape, x.quantized)
    return context.emitter.operator("RESHAPE", [x, wanted], out, options)


LOWERINGS: dict[type[Node], Lowering] = {
    Conv: conv,
    DepthwiseConv: depthwise_conv,
    Dense: dense,
    Add: add,
    Mul: mul,
    Mean: mean,
    Pool: pool,
    Pad: pad,
    Concat: concat,
    Reshape: reshape,
    Softmax: softmax,
}


def _set_convolution(options: Any, window: Window, rule: Rule, fused: int) -> None:
    options.padding = PADDING[rule]
    options.strideH, options.strideW = window.strides
    options.dilationHFactor, options.dilationWFactor = window.dilation
    options.fusedActivationFunction = fused


def _pool_options(node: Pool, padding: int) -> Any:
    options = schema.Pool2DOptionsT()
    options.padding = padding
    options.strideH, options.strideW = node.strides
    options.filterHeight, options.filterWidth = node.window
    return options


def _padded(context: Context, name: str, x: Value, window: Window) -> tuple[Value, Rule]:
    """`x` with a PAD where neither SAME nor VALID says the window's padding."""
    rule = window.rule(x.shape)
    return (_pad(context, f"{name}/padded", x, window.padding) if rule is Rule.PAD else x), rule


def _amounts(context: Context, name: str, padding: Padding) -> Value:
    amounts = np.array([(0, 0), *padding, (0, 0)], np.int32)
    return context.emitter.constant(f"{name}/amounts", amounts)


def _padded_shape(shape: tuple[int, ...], padding: Padding) -> tuple[int, ...]:
    rows, columns = padding
    return shape[0], shape[1] + sum(rows), shape[2] + sum(columns), shape[3]


def _pad(context: Context, name: str, x: Value, padding: Padding) -> Value:
    out = context.emitter.activation(name, _padded_shape(x.shape, padding), x.quantized)
    return context.emitter.operator("PAD", [x, _amounts(context, name, padding)], out, schema.PadOptionsT())


def _padded_with_lowest(context: Context, node: Pool, x: Value) -> Value:
    """Padding that a maximum never takes: PADV2 with the lowest number of the format."""
    lowest = np.finfo(np.float32).min if x.quantized is None else x.quantized.limits[0]
    value = context.emitter.constant(f"{node.output}/lowest", np.array([lowest], x.dtype), x.quantized)
    name = f"{node.name}/padded"
    out = context.emitter.activation(name, _padded_shape(x.shape, node.padding), x.quantized)
    amounts = _amounts(context, name, node.padding)
    return context.emitter.operator("PADV2", [x, amounts, value], out, schema.PadV2OptionsT())


def _average_of_real_pixels(context: Context, node: Pool, x: Value) -> Value:
    """Zeros counted in, then corrected: average(PAD(x)) * window / (real pixels under each window); float only."""
    padded = _pad(context, f"{node.name}/padded", x, node.padding)
    shape = context.shapes[node.output]
    counted = context.emitter.activation(f"{node.name}/counted", shape, None)
    context.emitter.operator("AVERAGE_POOL_2D", [padded], counted, _pool_options(node, schema.Padding.VALID))
    rows, columns = (_real_pixels(node, axis, x.shape[axis + 1], shape[axis + 1]) for axis in (0, 1))
    correction = node.window[0] * node.window[1] / np.outer(rows, columns)
    constant = context.emitter.constant(f"{node.name}/correction", correction.astype(np.float32)[None, :, :, None])
    return context.emitter.operator("MUL", [counted, constant], context.out(node, None), schema.MulOptionsT())


def _real_pixels(node: Pool, axis: int, size: int, out: int) -> list[int]:
    """For each of the `out` windows along `axis`: how many of its pixels lie on the map of `size` pixels."""
    before, window, stride = node.padding[axis][0], node.window[axis], node.strides[axis]
    starts = (index * stride - before for index in range(out))
    return [min(start + window, size) - max(start, 0) for start in starts]
