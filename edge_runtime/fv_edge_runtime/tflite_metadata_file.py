"""The standard TFLite Metadata of a file, read without a library that trusts it.

The flatbuffer named TFLITE_METADATA inside the model; slots after tensorflow/tflite-support, metadata_schema.fbs 1.1.0:

    ModelMetadata     0 name  1 description  2 version  3 subgraph_metadata  4 author  5 license  6 associated_files
    SubGraphMetadata  2 input_tensor_metadata  3 output_tensor_metadata
    TensorMetadata    0 name  1 description  3 content  4 process_units  5 stats  6 associated_files
    Content           0 kind, 1 table (kind 2: ImageProperties 0 color_space, 1 ImageSize 0 width, 1 height)
    ProcessUnit       0 kind, 1 table (kind 1: NormalizationOptions 0 mean, 1 std)
    AssociatedFile    0 name  2 type

The files that it names stand in a ZIP archive behind the model (`manifest_io`).
"""

from __future__ import annotations

from collections.abc import Iterator

from fv_edge_runtime._flatbuffer import Buffer, Table
from fv_edge_runtime.facts import Metadata

NAME = "TFLITE_METADATA"
IDENTIFIER = b"M001"
_NORMALIZATION, _IMAGE = 1, 2
_COLOURS = {0: "colour space not stated", 1: "RGB", 2: "grey"}
# AssociatedFileType.
_FILE_TYPES = {
    0: "file",
    1: "descriptions",
    2: "labels",
    3: "labels of a value",
    4: "score calibration",
    5: "vocabulary",
}
Entry = tuple[str, str]


def read_tflite_metadata(data: memoryview, label_count: int | None) -> Metadata:
    """What stands in the metadata's bytes; raises `BadModelFile` where they are damaged."""
    if bytes(data[4:8]) != IDENTIFIER:
        return Metadata("TFLite Metadata", (("damaged", f"bytes 4 to 8 are not {IDENTIFIER.decode()}"),), label_count)
    root = Buffer(data).root()
    return Metadata("TFLite Metadata", tuple(_entries(root)), label_count)


def _entries(root: Table) -> Iterator[Entry]:
    for heading, field in (("name", 0), ("description", 1), ("version", 2), ("author", 4), ("license", 5)):
        text = root.text(field)
        if text:
            yield heading, text
    yield from _files(root.tables(6))
    for subgraph in root.tables(3):
        for kind, field in (("input", 2), ("output", 3)):
            for tensor in subgraph.tables(field):
                yield kind, "; ".join(_tensor(tensor))
                yield from _files(tensor.tables(6))


def _tensor(tensor: Table) -> Iterator[str]:
    yield ": ".join(text for text in (tensor.text(0), tensor.text(1)) if text) or "without a name"
    content = tensor.table(3)
    if content is not None and content.number(0, "<B") == _IMAGE:
        yield from _image(content.table(1))
    for unit in tensor.tables(4):
        options = unit.table(1)
        if unit.number(0, "<B") == _NORMALIZATION and options is not None:
            yield f"normalized (x - {_numbers(options.floats(0))}) / {_numbers(options.floats(1))}"
    stats = tensor.table(5)
    if stats is not None and (stats.floats(0) or stats.floats(1)):
        yield f"values from {_numbers(stats.floats(1))} to {_numbers(stats.floats(0))}"


def _image(properties: Table | None) -> Iterator[str]:
    if properties is None:
        return
    yield _COLOURS.get(properties.number(0, "<b"), "unknown colour space")
    size = properties.table(1)
    if size is not None:
        yield f"{size.number(0, '<I')} x {size.number(1, '<I')} pixels"


def _files(tables: Iterator[Table]) -> Iterator[Entry]:
    for table in tables:
        yield "file", f"{table.text(0)} ({_FILE_TYPES.get(table.number(2, '<b'), 'file')})"


def _numbers(values: tuple[float, ...]) -> str:
    shown = f"{values[0]:g}" if len(set(values)) == 1 else ", ".join(f"{value:g}" for value in values[:4])
    return shown if len(set(values)) == 1 else f"({shown})"
