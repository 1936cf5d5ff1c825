"""Is a TFLite file sound? What the runtimes take on trust is checked here, so that a bad file is refused with a reason.

The kernels divide by strides, multiply sizes in 32 bits and index by what the file says (CVE-2021-29591, -29601,
-29606 and others in TensorFlow's advisories are of these kinds). Checked are: indices, sizes and their products,
that constants are as long as their shapes say, scales and zero points, strides and windows.

Operators that run another graph of the file are refused as such: a classifier has none, only the first graph is checked
here, and nothing bounds how long a WHILE would run.
"""

from __future__ import annotations

import math

from fv_edge_runtime._flatbuffer import damaged
from fv_edge_runtime.errors import UnsupportedModel
from fv_edge_runtime.tflite_file import NO_TENSOR, Operator, Tensor, TfliteFile
from fv_edge_runtime.tflite_names import type_bits, type_name

# 2 GiB is the largest flatbuffer; no tensor of a classifier for a device comes near.
MAX_TENSOR_BYTES = 1 << 31
# Operator -> fields of its options that must be at least 1: strides, windows, dilation, as declared in schema.fbs.
_POSITIVE_OPTIONS = {
    "CONV_2D": (1, 2),
    "DEPTHWISE_CONV_2D": (1, 2),
    "AVERAGE_POOL_2D": (1, 2, 3, 4),
    "MAX_POOL_2D": (1, 2, 3, 4),
    "L2_POOL_2D": (1, 2, 3, 4),
    "TRANSPOSE_CONV": (1, 2),
}
_WITH_KERNEL = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_WITH_GRAPHS = ("WHILE", "IF", "CALL", "CALL_ONCE", "STABLEHLO_WHILE", "STABLEHLO_CASE")
# Where a zero point must lie: the numbers that the type can hold (schema.fbs, QuantizationParameters).
_LIMITS = {"uint8": (0, 255), "int8": (-128, 127), "int16": (-(1 << 15), (1 << 15) - 1)}


def check_tflite(model: TfliteFile) -> None:
    """Raise `BadModelFile` with the first thing that is wrong, or `UnsupportedModel` for a graph that runs others."""
    check_indices(model)
    check_values(model)


def check_indices(model: TfliteFile) -> None:
    """Raise `BadModelFile` where something names a tensor that is not there: such a graph cannot even be described."""
    for index in (*model.inputs, *model.outputs):
        _check_index(index, model, "the graph's inputs and outputs name")
    for number, operator in enumerate(model.operators):
        for index in operator.inputs:
            if index != NO_TENSOR:
                _check_index(index, model, f"operator {number} ({operator.name}) reads")
        for index in operator.outputs:
            _check_index(index, model, f"operator {number} ({operator.name}) writes")


def check_values(model: TfliteFile) -> None:
    """Raise `BadModelFile` for sizes, scales, strides and kernels that a runtime must not be given."""
    for index, tensor in enumerate(model.tensors):
        _check_sizes(index, tensor)
        _check_quantization(index, tensor)
    for number, operator in enumerate(model.operators):
        if operator.name in _WITH_GRAPHS:
            raise UnsupportedModel(
                f"operator {number} is {operator.name}, which runs another graph of the file",
                why="a picture classifier has no loops and branches, and nothing bounds how long they run",
                hint="export the model without control flow",
            )
        _check_operator(number, operator, model)


def _check_sizes(index: int, tensor: Tensor) -> None:
    if any(size < 0 for size in tensor.shape):
        raise damaged(f"tensor {index} has the shape {tensor.shape}")
    size_bytes = -(-math.prod(tensor.shape) * type_bits(tensor.type_code) // 8)
    if size_bytes > MAX_TENSOR_BYTES:
        raise damaged(f"tensor {index} of shape {tensor.shape} would have {size_bytes} bytes")
    is_plain_constant = tensor.constant_bytes and type_bits(tensor.type_code) and not tensor.is_sparse
    if is_plain_constant and tensor.constant_bytes != size_bytes:
        raise damaged(f"tensor {index} of shape {tensor.shape} has {tensor.constant_bytes} bytes, not {size_bytes}")


def _check_quantization(index: int, tensor: Tensor) -> None:
    scale, zero_point = tensor.scale, tensor.zero_point
    if not scale:
        return
    if not all(math.isfinite(value) and value >= 0 for value in scale) or scale == (0.0,):
        raise damaged(f"tensor {index} has the scale {scale[0] if len(scale) == 1 else 'NaN, infinite or negative'}")
    if len(zero_point) not in (0, 1, len(scale)):
        raise damaged(f"tensor {index} has {len(scale)} scales and {len(zero_point)} zero points")
    low, high = _LIMITS.get(type_name(tensor.type_code), (-math.inf, math.inf))
    if any(not low <= value <= high for value in zero_point):
        raise damaged(f"tensor {index} has a zero point outside of {low} to {high}")
    if len(scale) > 1:
        channels = tensor.shape[tensor.axis] if 0 <= tensor.axis < len(tensor.shape) else 0
        if channels != len(scale):
            raise damaged(f"tensor {index} has {len(scale)} scales for {channels} channels")


def _check_operator(number: int, operator: Operator, model: TfliteFile) -> None:
    for field in _POSITIVE_OPTIONS.get(operator.name, ()):
        if operator.options is None or operator.options.number(field, "<i") < 1:
            raise damaged(f"operator {number} ({operator.name}) has a stride or window of 0")
    if operator.name in _WITH_KERNEL:
        _check_kernel(number, operator, model)


def _check_kernel(number: int, operator: Operator, model: TfliteFile) -> None:
    if len(operator.inputs) < 2 or operator.inputs[1] == NO_TENSOR:
        raise damaged(f"operator {number} ({operator.name}) has no kernel")
    shape = model.tensors[operator.inputs[1]].shape
    if 0 in shape:
        raise damaged(f"operator {number} ({operator.name}) has a kernel of shape {shape}")


def _check_index(index: int, model: TfliteFile, who: str) -> None:
    if not 0 <= index < len(model.tensors):
        raise damaged(f"{who} tensor {index} of {len(model.tensors)}")
