"""The standard TFLite metadata, and the files that travel behind the flatbuffer.

The metadata is a flatbuffer of its own (`ModelMetadata`, file identifier M001) embedded in the model under the name
TFLITE_METADATA; the files it names are appended to the model as a ZIP archive. MediaPipe Tasks, ML Kit and the Task
Library read labels and normalization from it; `zipfile` opens the model as it is.

The tables are built here slot by slot, after the public schema (tensorflow/tflite-support, metadata_schema.fbs, schema
version 1.1.0). A union takes two slots, its kind and its table. Slots by table:

    ModelMetadata     0 name  3 subgraph_metadata  6 associated_files  7 min_parser_version
    SubGraphMetadata  0 name  2 input_tensor_metadata  3 output_tensor_metadata
    TensorMetadata    0 name  1 description  3 content  4 process_units  5 stats  6 associated_files
    Content           0, 1 content_properties (2 ImageProperties, 1 FeatureProperties)
    ImageProperties   0 color_space (1 RGB)  1 default_size
    ImageSize         0 width  1 height
    ProcessUnit       0, 1 options (1 NormalizationOptions)
    NormalizationOptions  0 mean  1 std
    Stats             0 max  1 min
    AssociatedFile    0 name  1 description  2 type (1 DESCRIPTIONS, 2 TENSOR_AXIS_LABELS)

Normalization is mean 0, std 1, in float files too: all normalization is inside the network, which wants 0..255.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO

from flatbuffers import Builder

from fv_core.manifest import FILE_NAME as MANIFEST_NAME
from fv_core.manifest import Manifest
from fv_export.graph import Shape
from fv_export.write.errors import LabelNotOneLine

LABELS_NAME = "labels.txt"
_IDENTIFIER = b"M001"
# Every field used here is in the schema since its first version.
_MIN_PARSER_VERSION = "1.0.0"
_IMAGE_PROPERTIES, _FEATURE_PROPERTIES, _NORMALIZATION = 2, 1, 1
_RGB = 1
_DESCRIPTIONS, _TENSOR_AXIS_LABELS = 1, 2
# The earliest date that ZIP can say: the same files are the same bytes whenever they are written.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_READABLE = 0o644 << 16

# Slot -> what sets it, called while its table is open.
Fields = dict[int, Callable[[int], None]]


def model_metadata(name: str, manifest: Manifest, input_shape: Shape, *, integer: bool) -> bytes:
    """The ModelMetadata flatbuffer of a classifier with an input of `input_shape` (1, H, W, 3)."""
    builder = Builder(1024)
    width_and_height = (input_shape[2], input_shape[1])
    inputs = _vector(builder, [_input(builder, width_and_height, integer=integer)])
    outputs = _vector(builder, [_output(builder)])
    own = builder.CreateString(name)
    subgraph = _table(builder, 4, {0: _offset(builder, own), 2: _offset(builder, inputs), 3: _offset(builder, outputs)})
    subgraphs = _vector(builder, [subgraph])
    files = _vector(builder, [_file(builder, MANIFEST_NAME, "what fv knows of this model", _DESCRIPTIONS)])
    title, version = builder.CreateString(manifest.name), builder.CreateString(_MIN_PARSER_VERSION)
    fields = {0: title, 3: subgraphs, 6: files, 7: version}
    root = _table(builder, 8, {slot: _offset(builder, value) for slot, value in fields.items()})
    builder.Finish(root, file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def with_files(model: bytes, manifest: Manifest) -> bytes:
    """`model` with labels.txt and the manifest appended as a ZIP archive; raises `LabelNotOneLine`."""
    stream = BytesIO()
    stream.write(model)
    # Mode "w" at this position: mode "a" would search the weights for an archive that is there already.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, LABELS_NAME, labels_text(manifest.labels))
        _add(archive, MANIFEST_NAME, manifest.to_json())
    return stream.getvalue()


def labels_text(labels: Sequence[str]) -> str:
    """The text of labels.txt, one label a line; raises `LabelNotOneLine` for a label that is no line of its own."""
    for label in labels:
        if label.splitlines() != [label]:
            raise LabelNotOneLine(
                f"the label {label!r} cannot be written to labels.txt",
                why="it is empty or has a line break in it, and labels.txt has one label a line",
                hint="rename the class, or give names with --labels FILE",
            )
    return "".join(f"{label}\n" for label in labels)


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = _READABLE
    archive.writestr(entry, text.encode("utf-8"))


def _input(builder: Builder, width_and_height: tuple[int, int], *, integer: bool) -> int:
    width, height = width_and_height
    size = _table(builder, 2, {0: _uint32(builder, width), 1: _uint32(builder, height)})
    image = _table(builder, 2, {0: _byte(builder, _RGB), 1: _offset(builder, size)})
    mean, deviation = _floats(builder, [0.0]), _floats(builder, [1.0])
    options = _table(builder, 2, {0: _offset(builder, mean), 1: _offset(builder, deviation)})
    unit = _table(builder, 2, {0: _byte(builder, _NORMALIZATION), 1: _offset(builder, options)})
    what = f"RGB picture, {'bytes' if integer else 'float32'} from 0 to 255"
    return _tensor(builder, "image", what, (_IMAGE_PROPERTIES, image), 255.0, {4: _vector(builder, [unit])})


def _output(builder: Builder) -> int:
    features = _table(builder, 0, {})
    labels = _vector(builder, [_file(builder, LABELS_NAME, "one label a line", _TENSOR_AXIS_LABELS)])
    what = "probability of each label"
    return _tensor(builder, "probabilities", what, (_FEATURE_PROPERTIES, features), 1.0, {6: labels})


def _tensor(
    builder: Builder, name: str, what: str, content: tuple[int, int], highest: float, more: dict[int, int]
) -> int:
    """TensorMetadata with values from 0 to `highest`; `content` is the union's kind and table."""
    kind, properties = content
    described = _table(builder, 3, {0: _byte(builder, kind), 1: _offset(builder, properties)})
    most, least = _floats(builder, [highest]), _floats(builder, [0.0])
    stats = _table(builder, 2, {0: _offset(builder, most), 1: _offset(builder, least)})
    title, description = builder.CreateString(name), builder.CreateString(what)
    fields = {0: title, 1: description, 3: described, 5: stats, **more}
    return _table(builder, 7, {slot: _offset(builder, value) for slot, value in fields.items()})


def _file(builder: Builder, name: str, what: str, kind: int) -> int:
    title, description = builder.CreateString(name), builder.CreateString(what)
    fields = {0: _offset(builder, title), 1: _offset(builder, description), 2: _byte(builder, kind)}
    return _table(builder, 4, fields)


def _table(builder: Builder, slots: int, fields: Fields) -> int:
    builder.StartObject(slots)
    for slot, set_field in fields.items():
        set_field(slot)
    return int(builder.EndObject())


def _offset(builder: Builder, value: int) -> Callable[[int], None]:
    return lambda slot: builder.PrependUOffsetTRelativeSlot(slot, value, 0)


def _byte(builder: Builder, value: int) -> Callable[[int], None]:
    return lambda slot: builder.PrependInt8Slot(slot, value, 0)


def _uint32(builder: Builder, value: int) -> Callable[[int], None]:
    return lambda slot: builder.PrependUint32Slot(slot, value, 0)


def _vector(builder: Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _floats(builder: Builder, values: Sequence[float]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return int(builder.EndVector())
