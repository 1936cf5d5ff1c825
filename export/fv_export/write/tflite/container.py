"""The flatbuffer itself: tensors, buffers, operators, one signature, one subgraph (`schema.fbs` of TFLite, version 3).

Knows nothing of the normal form. Bytes depend only on what is added and in which order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import DTypeLike, NDArray

from fv_export.graph import Shape

SCHEMA_VERSION = 3
IDENTIFIER = b"TFL3"
SIGNATURE = "serving_default"
METADATA_NAME = "TFLITE_METADATA"
# `force_align: 16` of Buffer.data in schema.fbs: kernels may read constants with aligned 16-byte loads.
_ALIGNMENT = 16
# `deprecated_builtin_code` is one signed byte; 127 in it sends a reader to `builtin_code`.
_DEPRECATED_LIMIT = 127
_TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.float16): schema.TensorType.FLOAT16,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
}


class Container:
    """A growing TFLite file. Tensors and operators are added in order; `finish` gives the bytes.

    `reserved`: names that no tensor gets before `finish` gives them to the inputs and outputs.
    """

    def __init__(self, reserved: Iterable[str]) -> None:
        self._buffers: list[Any] = [_Buffer(None)]  # buffer 0 is empty: what a tensor without constant data points to
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: dict[tuple[int, int], int] = {}
        self._names = set(reserved)

    def tensor(
        self,
        name: str,
        shape: Shape,
        dtype: DTypeLike,
        quantization: Any | None = None,
        data: NDArray[Any] | None = None,
    ) -> int:
        """Add a tensor and return its index; with `data` it is a constant. A name that is taken gets a number."""
        tensor = schema.TensorT()
        tensor.name = self._unique(name)
        tensor.shape = np.asarray(shape, np.int32)
        tensor.type = _TYPES[np.dtype(dtype)]
        tensor.hasRank = True
        tensor.quantization = quantization
        tensor.buffer = self._buffer(data)
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def operator(self, name: str, version: int, inputs: Sequence[int], output: int, options: Any | None = None) -> None:
        """Add the built-in operator `name` (as in `BuiltinOperator`) with its options object, if it has one."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._codes.setdefault((_builtin(name), version), len(self._codes))
        operator.inputs = np.asarray(inputs, np.int32)
        operator.outputs = np.asarray([output], np.int32)
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self._operators.append(operator)

    def finish(self, name: str, inputs: dict[str, int], outputs: dict[str, int], metadata: bytes) -> bytes:
        """The bytes of the file. `inputs` and `outputs`: name in the signature -> tensor, which takes that name.

        `metadata` is the flatbuffer of the standard TFLite metadata.
        """
        for given, index in (inputs | outputs).items():
            self._tensors[index].name = given
        subgraph = schema.SubGraphT()
        subgraph.name = name
        subgraph.tensors = self._tensors
        subgraph.operators = self._operators
        subgraph.inputs = np.asarray(list(inputs.values()), np.int32)
        subgraph.outputs = np.asarray(list(outputs.values()), np.int32)
        entry = schema.MetadataT()
        entry.name = METADATA_NAME
        entry.buffer = self._buffer(np.frombuffer(metadata, np.uint8))
        model = schema.ModelT()
        model.version = SCHEMA_VERSION
        model.description = name
        model.operatorCodes = [_operator_code(code, version) for code, version in self._codes]
        model.subgraphs = [subgraph]
        model.buffers = self._buffers
        model.metadata = [entry]
        model.signatureDefs = [_signature(inputs, outputs)]
        builder = _Builder(sum(buffer.size_hint for buffer in self._buffers) + 1024)
        builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
        return bytes(builder.Output())

    def _buffer(self, data: NDArray[Any] | None) -> int:
        if data is None:
            return 0
        self._buffers.append(_Buffer(np.ascontiguousarray(data)))
        return len(self._buffers) - 1

    def _unique(self, name: str) -> str:
        unique, number = name, 1
        while unique in self._names:
            unique, number = f"{name}_{number}", number + 1
        self._names.add(unique)
        return unique


class _Builder(flatbuffers.Builder):  # type: ignore[misc]  # flatbuffers has no type information
    """Writes equal vectors once, all who have them point there: zero points, scales and shapes that repeat."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:  # noqa: N802 - the name that the generated classes call
        key = x.dtype.str, x.tobytes()
        if key not in self._written:
            self._written[key] = int(super().CreateNumpyVector(x))
        return self._written[key]


class _Buffer:
    """A Buffer table whose data is aligned as the schema asks; the generated class aligns to single bytes."""

    def __init__(self, data: NDArray[Any] | None) -> None:
        # TFLite is little-endian on every platform.
        self._data = None if data is None else data.astype(data.dtype.newbyteorder("<"), copy=False).tobytes()
        self.size_hint = 64 if self._data is None else len(self._data) + 64

    def Pack(self, builder: Any) -> int:  # noqa: N802 - the name that the generated classes call
        if self._data is None:
            schema.BufferStart(builder)
            return int(schema.BufferEnd(builder))
        builder.StartVector(1, len(self._data), _ALIGNMENT)
        head = builder.head - len(self._data)
        builder.head = head
        builder.Bytes[head : head + len(self._data)] = self._data
        vector = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, vector)
        return int(schema.BufferEnd(builder))


def _builtin(name: str) -> int:
    return int(getattr(schema.BuiltinOperator, name))


def _operator_code(code: int, version: int) -> Any:
    operator_code = schema.OperatorCodeT()
    operator_code.builtinCode = code
    operator_code.deprecatedBuiltinCode = min(code, _DEPRECATED_LIMIT)
    operator_code.version = version
    return operator_code


def _signature(inputs: dict[str, int], outputs: dict[str, int]) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey = SIGNATURE
    signature.inputs = [_mapped(name, index) for name, index in inputs.items()]
    signature.outputs = [_mapped(name, index) for name, index in outputs.items()]
    return signature


def _mapped(name: str, index: int) -> Any:
    mapping = schema.TensorMapT()
    mapping.name = name
    mapping.tensorIndex = index
    return mapping
