"""The layers of a TFLite file with what each has to do, from shapes alone.

Multiply-adds, with O the elements of the result and K those of the kernel (schema.fbs gives the axis orders)
    CONV_2D             kernel (c_out, kh, kw, c_in)       O · K / c_out
    DEPTHWISE_CONV_2D   kernel (1, kh, kw, c_out)          O · K / c_out
    FULLY_CONNECTED     kernel (c_out, c_in)               O · K / c_out
    TRANSPOSE_CONV      kernel (c_out, kh, kw, c_in)       elements of the map · K / c_in
    CONV_3D             kernel (kd, kh, kw, c_in, c_out)   O · K / c_out
    BATCH_MATMUL        x (…, n, k)                        O · k
A DEQUANTIZE of a constant is done once, when the file is loaded: its bytes count for the layer that reads it.
Products and sums of whole tensors are not counted, as is the custom in tables of networks. What runs operators of its
own (custom operators, branches, recurrent cells) is not known. A free size counts as the 1 that stands in the shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from fv_edge_runtime.facts import Layer
from fv_edge_runtime.tflite_file import NO_TENSOR, Operator, Tensor, TfliteFile
from fv_edge_runtime.tflite_names import CUSTOM_PREFIX, type_bits, type_name

_UNKNOWN = ("IF", "WHILE", "CALL", "CALL_ONCE", "STABLEHLO_COMPOSITE")
_RECURRENT = ("LSTM", "RNN", "SVDF")
# BatchMatMulOptions, schema.fbs: 0 adj_x.
_ADJOINT_OF_X = 0


def layers_of(model: TfliteFile) -> Iterator[Layer]:
    """The operators of the first subgraph that compute something for each picture, in order."""
    unpacked = dict(_unpacked(model))
    for number, operator in enumerate(model.operators):
        if operator.outputs and operator.outputs[0] in unpacked:
            continue
        result = model.tensors[operator.outputs[0]] if operator.outputs else None
        yield Layer(
            name=result.name if result else f"operator {number}",
            operator=operator.name,
            dtype=type_name(result.type_code) if result else "none",
            shape=result.shape if result else (),
            multiply_adds=multiply_adds(model, operator),
            weight_bytes=sum(_stored(model, index, unpacked) for index in operator.inputs if index != NO_TENSOR),
            result_bytes=sum(_bytes(model.tensors[index]) for index in operator.outputs),
        )


def multiply_adds(model: TfliteFile, operator: Operator) -> int | None:
    """See the module; None where it is not known."""
    name = operator.name
    if name.startswith(CUSTOM_PREFIX) or name in _UNKNOWN or name.endswith(_RECURRENT) or name.startswith("STABLEHLO"):
        return None
    count = _COUNTS.get(name)
    if count is None:
        return 0
    given = [model.tensors[index] if index != NO_TENSOR else None for index in operator.inputs]
    if len(given) < 2 or not operator.outputs:
        return None
    try:
        return count(given, model.tensors[operator.outputs[0]], operator)
    except (AttributeError, IndexError, ZeroDivisionError):
        # A kernel that is not given, of another rank or without channels: the file is unsound, and says so elsewhere.
        return None


Given = list[Tensor | None]


def _by_last(given: Given, result: Tensor, _: Operator) -> int:
    return _elements(result) * _elements(given[1]) // _shape(given[1])[-1]


def _by_first(given: Given, result: Tensor, _: Operator) -> int:
    return _elements(result) * _elements(given[1]) // _shape(given[1])[0]


def _transposed(given: Given, _result: Tensor, _: Operator) -> int:
    return _elements(given[2]) * _elements(given[1]) // _shape(given[1])[-1]


def _matrices(given: Given, result: Tensor, operator: Operator) -> int:
    is_adjoint = operator.options is not None and bool(operator.options.number(_ADJOINT_OF_X, "<b"))
    return _elements(result) * _shape(given[0])[-2 if is_adjoint else -1]


_COUNTS: dict[str, Callable[[Given, Tensor, Operator], int]] = {
    "CONV_2D": _by_first,
    "DEPTHWISE_CONV_2D": _by_last,
    "FULLY_CONNECTED": _by_first,
    "TRANSPOSE_CONV": _transposed,
    "CONV_3D": _by_last,
    "BATCH_MATMUL": _matrices,
}


def _shape(tensor: Tensor | None) -> tuple[int, ...]:
    return () if tensor is None else tensor.shape


def _elements(tensor: Tensor | None) -> int:
    return math.prod(_shape(tensor))


def _bytes(tensor: Tensor) -> int:
    return -(-math.prod(tensor.shape) * type_bits(tensor.type_code) // 8)


def _unpacked(model: TfliteFile) -> Iterator[tuple[int, int]]:
    """(tensor, the constant that it is unpacked from)."""
    for operator in model.operators:
        if operator.name == "DEQUANTIZE" and operator.inputs and operator.outputs and operator.inputs[0] != NO_TENSOR:
            source = operator.inputs[0]
            if model.tensors[source].constant_bytes:
                yield operator.outputs[0], source


def _stored(model: TfliteFile, index: int, unpacked: dict[int, int]) -> int:
    return model.tensors[unpacked.get(index, index)].constant_bytes
