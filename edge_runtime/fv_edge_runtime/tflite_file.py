"""What stands in a TFLite file, read without a runtime.

Field numbers are those of tensorflow/compiler/mlir/lite/schema/schema.fbs (schema version 3): fields count from 0 in
the order of their declaration, a union takes two. Of the subgraphs behind the first (branches and loops, which a
classifier has none of) only the operators' names are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fv_edge_runtime._flatbuffer import Buffer, Table, damaged
from fv_edge_runtime.model_path import read_model
from fv_edge_runtime.tflite_names import CUSTOM, CUSTOM_PREFIX, operator_name

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
# TFLite marks an optional input that is not given so.
NO_TENSOR = -1


@dataclass(frozen=True)
class Tensor:
    """One tensor. `shape`: sizes; `signature`: the same with -1 where a size is free. `type_code`: see tflite_names.

    `constant_bytes`: bytes of its data in the file, 0 for what is computed. `scale`, `zero_point`: empty where it is
    not quantized, one element for the whole tensor, or one for each channel of `axis`.
    """

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    type_code: int
    constant_bytes: int
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int
    is_sparse: bool


@dataclass(frozen=True)
class Operator:
    """One operator: `name` as in the schema, or `CUSTOM:its name`; indices of tensors. `options`: its table."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None


@dataclass(frozen=True)
class SignatureDef:
    """A named entry: (name, index of the tensor) of its inputs and outputs, and the subgraph that they stand in."""

    key: str
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]
    subgraph: int


@dataclass(frozen=True)
class TfliteFile:
    """The first subgraph of a file, and what the file says of itself.

    `further_operators`: names of those in the other subgraphs. `metadata`: name -> bytes that travel in the file.
    """

    description: str
    subgraph_count: int
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    further_operators: tuple[str, ...] = ()
    signatures: tuple[SignatureDef, ...] = ()
    metadata: dict[str, memoryview] = field(default_factory=dict)


def read_tflite(path: Path) -> TfliteFile:
    """Read the file; raises `MissingPath`, or `BadModelFile` where an offset or an identifier is wrong."""
    data = read_model(path)
    if data[4:8] != IDENTIFIER:
        raise damaged(f"bytes 4 to 8 are {data[4:8]!r}, not {IDENTIFIER!r}")
    root = Buffer(data).root()
    version = root.number(0, "<I")
    if version != SCHEMA_VERSION:
        raise damaged(f"schema version {version}, not {SCHEMA_VERSION}")
    subgraphs = list(root.tables(2))
    if not subgraphs:
        raise damaged("it has no graph")
    buffers = list(root.tables(4))
    sizes = [_buffer_bytes(table, len(data)) for table in buffers]
    codes = [_operator_name(table) for table in root.tables(1)]
    graph = subgraphs[0]
    return TfliteFile(
        description=root.text(3),
        subgraph_count=len(subgraphs),
        tensors=tuple(_tensor(table, sizes) for table in graph.tables(0)),
        operators=tuple(_operator(table, codes) for table in graph.tables(3)),
        inputs=graph.numbers(1, "i"),
        outputs=graph.numbers(2, "i"),
        further_operators=tuple(_operator(table, codes).name for more in subgraphs[1:] for table in more.tables(3)),
        signatures=tuple(_signature(table) for table in root.tables(7)),
        metadata=dict(_metadata(table, buffers) for table in root.tables(6)),
    )


def _signature(table: Table) -> SignatureDef:
    inputs, outputs = (tuple((one.text(0), one.number(1, "<I")) for one in table.tables(field)) for field in (0, 1))
    return SignatureDef(table.text(2), inputs, outputs, table.number(4, "<I"))


def _metadata(table: Table, buffers: list[Table]) -> tuple[str, memoryview]:
    buffer = table.number(1, "<I")
    if buffer >= len(buffers):
        raise damaged(f"metadata has buffer {buffer} of {len(buffers)}")
    return table.text(0), buffers[buffer].data(0)


def _buffer_bytes(table: Table, file_bytes: int) -> int:
    """Bytes of one buffer: a vector inside the flatbuffer, or a place behind it (for files above 2 GiB)."""
    inside = len(table.data(0))
    offset, size = table.number(1, "<Q"), table.number(2, "<Q")
    # 0 and 1 mean "not behind the flatbuffer" (schema.fbs, Buffer).
    if inside or offset <= 1:
        return inside
    if offset + size > file_bytes:
        raise damaged(f"a buffer reaches from byte {offset} to {offset + size} of {file_bytes}")
    return size


def _operator_name(table: Table) -> str:
    # Codes above 127 do not fit the first, deprecated byte; the larger of the two is the code (schema_utils.cc).
    code = max(table.number(0, "<b"), table.number(3, "<i"))
    return f"{CUSTOM_PREFIX}{table.text(1)}" if code == CUSTOM else operator_name(code)


def _operator(table: Table, codes: list[str]) -> Operator:
    code = table.number(0, "<I")
    if code >= len(codes):
        raise damaged(f"an operator has code {code} of {len(codes)}")
    return Operator(codes[code], table.numbers(1, "i"), table.numbers(2, "i"), table.table(4))


def _tensor(table: Table, buffer_sizes: list[int]) -> Tensor:
    buffer = table.number(2, "<I")
    if buffer >= len(buffer_sizes):
        raise damaged(f"a tensor has buffer {buffer} of {len(buffer_sizes)}")
    shape = table.numbers(0, "i")
    quantization = table.table(4)
    return Tensor(
        name=table.text(3),
        shape=shape,
        signature=table.numbers(7, "i") or shape,
        type_code=table.number(1, "<b"),
        constant_bytes=buffer_sizes[buffer],
        scale=quantization.floats(2) if quantization else (),
        zero_point=quantization.numbers(3, "q") if quantization else (),
        axis=quantization.number(6, "<i") if quantization else 0,
        is_sparse=table.table(6) is not None,
    )
