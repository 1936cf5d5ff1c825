"""One step above the flatbuffer: values with a shape and a number format, and the conversions between formats.

A `Value` is a tensor of the file. `quantized` is None for float32; else the tensor is int8 or int16 with that scale and
zero point. Conversions are explicit operators, emitted once for each value and wanted format:

    float32 -> integer   QUANTIZE        integer -> float32   DEQUANTIZE
    integer -> integer   QUANTIZE        (requantizes: another scale, zero point or width; saturates)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import DTypeLike, NDArray

from fv_export.graph import Quantized, Shape
from fv_export.write.tflite.container import Container
from fv_export.write.tflite.versions import version_of

_INTEGER = {8: np.int8, 16: np.int16, 32: np.int32, 64: np.int64}


@dataclass(frozen=True)
class Value:
    """A tensor of the file: index, shape, element type, and how its integers are to be read (None: as they are)."""

    index: int
    shape: Shape
    dtype: np.dtype[Any]
    quantized: Quantized | None = None


class Emitter:
    """Adds operators to a container and knows the format of each value."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self._converted: dict[tuple[int, object], Value] = {}
        self._constants: dict[tuple[object, ...], Value] = {}

    def activation(self, name: str, shape: Shape, quantized: Quantized | None) -> Value:
        """A tensor that an operator will write: float32, or the integer type of `quantized`."""
        dtype = np.dtype(np.float32 if quantized is None else _INTEGER[quantized.bits])
        index = self.container.tensor(name, shape, dtype, parameters(quantized))
        return Value(index, shape, dtype, quantized)

    def constant(self, name: str, data: NDArray[Any], quantized: Quantized | None = None) -> Value:
        """A constant tensor; equal small constants (axes, scalars) are stored once."""
        key = (data.dtype.str, data.shape, data.tobytes() if data.size <= 4 else name, signature(quantized))
        if key not in self._constants:
            index = self.container.tensor(name, data.shape, data.dtype, parameters(quantized), data)
            self._constants[key] = Value(index, data.shape, data.dtype, quantized)
        return self._constants[key]

    def operator(
        self, code: str, inputs: Sequence[Value], out: Value, options: Any | None = None, *, dilated: bool = False
    ) -> Value:
        """Add an operator that reads `inputs` and writes `out`; returns `out`."""
        second: DTypeLike | None = inputs[1].dtype if len(inputs) > 1 else None
        first = inputs[0]
        per_channel = first.quantized is not None and first.quantized.axis is not None
        version = version_of(code, first.dtype, second, out.dtype, dilated=dilated, per_channel=per_channel)
        self.container.operator(code, version, [value.index for value in inputs], out.index, options)
        return out

    def unary(self, code: str, x: Value, name: str, quantized: Quantized | None, options: Any | None = None) -> Value:
        """An operator of one input whose output has the input's shape."""
        return self.operator(code, [x], self.activation(name, x.shape, quantized), options)

    def converted(self, value: Value, wanted: Quantized | None, name: str) -> Value:
        """`value` in another format: float32 for None. The value itself where it has that format already."""
        if signature(value.quantized) == signature(wanted):
            return value
        key = (value.index, signature(wanted))
        if key not in self._converted:
            code = "DEQUANTIZE" if wanted is None else "QUANTIZE"
            options = schema.DequantizeOptionsT() if wanted is None else schema.QuantizeOptionsT()
            self._converted[key] = self.unary(code, value, name, wanted, options)
        return self._converted[key]


def signature(quantized: Quantized | None) -> object:
    """A hashable key: equal for equal formats."""
    if quantized is None:
        return None
    return quantized.bits, quantized.scale.tobytes(), quantized.zero_point.tobytes(), quantized.axis


def per_tensor(bits: int, scale: float, zero_point: int = 0) -> Quantized:
    """The format of a whole tensor with one scale."""
    return Quantized(bits, np.array([scale], np.float64), np.array([zero_point], np.int64))


def parameters(quantized: Quantized | None) -> Any | None:
    """TFLite's quantization table; `axis` of `quantized` is the axis of the array as it is stored in the file."""
    if quantized is None:
        return None
    table = schema.QuantizationParametersT()
    table.scale = quantized.scale.astype(np.float32)
    table.zeroPoint = quantized.zero_point.astype(np.int64)
    table.quantizedDimension = quantized.axis or 0
    return table
