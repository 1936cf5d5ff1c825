"""The numbers of small constants of an ONNX file: shapes, axes, scales and zero points.

A TensorProto holds its numbers in `raw_data` (field 9, little-endian) or in a field by type: 4 float_data, 5 int32_data
(also for 8 and 16 bits), 7 int64_data, 10 double_data. Protocol buffers may pack these or not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from fv_edge_runtime._protobuf import Field, damaged, integers
from fv_edge_runtime.onnx_file import Constant

# The scales of a layer with more output channels than any published classifier's; larger constants are weights.
MAX_NUMBERS = 100_000
_RAW, _FLOATS, _INT32, _INT64, _DOUBLES = 9, 4, 5, 7, 10
_CODES = {"float32": "f", "float64": "d", "float16": "e", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H"}
_CODES |= {"int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "bool": "?"}


def numbers_of(constant: Constant) -> tuple[float, ...] | None:
    """Its numbers, flat; None where it is too large, of another type (text, 4 bits, bfloat16) or not in the file."""
    code = _CODES.get(constant.dtype)
    if code is None or constant.size_bytes > MAX_NUMBERS * 8:
        return None
    found = tuple(value for field in constant.data for value in _numbers(field, code))
    return found if len(found) <= MAX_NUMBERS else None


def integers_of(constant: Constant | None) -> tuple[int, ...] | None:
    """The same of whole numbers; None for other types."""
    if constant is None or constant.dtype not in ("int32", "int64"):
        return None
    found = numbers_of(constant)
    return None if found is None else tuple(int(value) for value in found)


def _numbers(field: Field, code: str) -> Iterator[float]:
    if field.number in (_INT32, _INT64):
        yield from integers(field)
    elif field.number == _FLOATS:
        yield from _unpacked(field.data, "f")
    elif field.number == _DOUBLES:
        yield from _unpacked(field.data, "d")
    elif field.number == _RAW:
        yield from _unpacked(field.data, code)


def _unpacked(data: memoryview, code: str) -> Iterator[float]:
    width = struct.calcsize(f"<{code}")
    if len(data) % width:
        raise damaged(f"a constant of {len(data)} bytes holds no whole numbers of {width}")
    return (value for (value,) in struct.iter_unpack(f"<{code}", data))
