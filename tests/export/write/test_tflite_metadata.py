"""The metadata as a reader with the public schema sees it, and the archive behind the model."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from flatbuffers.table import Table

from fv_core.manifest import Manifest
from fv_export.write.errors import LabelNotOneLine
from fv_export.write.tflite import write
from fv_export.write.tflite_metadata import labels_text, model_metadata, with_files
from tests.export.write.tflite_cases import CASES, Loaded, graph_of, manifest, pictures

SHAPE = (1, 48, 32, 3)


class Reader:
    """A table of a flatbuffer, read by slot numbers as in metadata_schema.fbs, by flatbuffers' own table reader."""

    def __init__(self, data: bytes, position: int | None = None) -> None:
        start = flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0) if position is None else position
        self._data, self._table = data, Table(data, start)

    def _at(self, slot: int) -> int:
        offset = int(self._table.Offset(4 + 2 * slot))
        assert offset, f"slot {slot} is empty"
        return offset + int(self._table.Pos)

    def text(self, slot: int) -> str:
        return bytes(self._table.String(self._at(slot))).decode()

    def table(self, slot: int) -> Reader:
        return Reader(self._data, int(self._table.Indirect(self._at(slot))))

    def tables(self, slot: int) -> list[Reader]:
        offset = self._at(slot) - self._table.Pos
        start, count = self._table.Vector(offset), self._table.VectorLen(offset)
        return [Reader(self._data, int(self._table.Indirect(start + 4 * index))) for index in range(count)]

    def floats(self, slot: int) -> list[float]:
        offset = self._at(slot) - self._table.Pos
        start, count = self._table.Vector(offset), self._table.VectorLen(offset)
        return np.frombuffer(self._data, np.float32, count, start).tolist()

    def number(self, slot: int, kind: Any) -> int:
        return int(self._table.Get(kind, self._at(slot)))


def _metadata() -> Reader:
    return Reader(model_metadata("net", manifest("int8"), SHAPE, integer=True))


def test_identifier_and_model() -> None:
    data = model_metadata("net", manifest("int8"), SHAPE, integer=True)
    assert data[4:8] == b"M001"
    assert Reader(data).text(0) == "case"
    assert Reader(data).text(7) == "1.0.0"
    assert [file.text(0) for file in Reader(data).tables(6)] == ["fv_manifest.json"]


def test_input_is_an_rgb_picture_without_normalization() -> None:
    (subgraph,) = _metadata().tables(3)
    (tensor,) = subgraph.tables(2)
    byte, uint = flatbuffers.number_types.Int8Flags, flatbuffers.number_types.Uint32Flags
    content = tensor.table(3)
    assert content.number(0, byte) == 2  # ImageProperties
    assert content.table(1).number(0, byte) == 1  # RGB
    assert [content.table(1).table(1).number(slot, uint) for slot in (0, 1)] == [32, 48]
    (unit,) = tensor.tables(4)
    assert unit.number(0, byte) == 1  # NormalizationOptions
    assert (unit.table(1).floats(0), unit.table(1).floats(1)) == ([0.0], [1.0])
    assert (tensor.table(5).floats(0), tensor.table(5).floats(1)) == ([255.0], [0.0])


def test_output_names_the_file_of_labels() -> None:
    (subgraph,) = _metadata().tables(3)
    (tensor,) = subgraph.tables(3)
    (labels,) = tensor.tables(6)
    assert labels.text(0) == "labels.txt"
    assert labels.number(2, flatbuffers.number_types.Int8Flags) == 2  # TENSOR_AXIS_LABELS
    assert tensor.text(0) == "probabilities"


def test_files_are_readable_with_zipfile_and_the_model_still_runs() -> None:
    told = manifest("fp32", ("crème brûlée", "寿司"))
    data = write(graph_of(CASES["dense"]), None, "fp32", told)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["labels.txt", "fv_manifest.json"]
        assert archive.read("labels.txt").decode() == "crème brûlée\n寿司\n"
        assert Manifest.from_json(archive.read("fv_manifest.json").decode()) == told
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    assert Loaded(data).run(pictures()).shape == (4, 6)


def test_metadata_is_found_in_the_model_under_its_name() -> None:
    data = write(graph_of(CASES["dense"]), None, "fp32", manifest("fp32"))
    model = schema.Model.GetRootAs(data)
    assert model.Metadata(0).Name() == b"TFLITE_METADATA"
    embedded = model.Buffers(model.Metadata(0).Buffer()).DataAsNumpy().tobytes()
    assert embedded == model_metadata("case", manifest("fp32"), (1, 9, 8, 3), integer=False)


def test_a_model_that_looks_like_an_archive_does_not_confuse_it() -> None:
    decoy = BytesIO()
    with zipfile.ZipFile(decoy, "w") as archive:
        archive.writestr("decoy", "x")
    data = with_files(decoy.getvalue(), manifest("fp32"))
    assert zipfile.ZipFile(BytesIO(data)).namelist() == ["labels.txt", "fv_manifest.json"]


@pytest.mark.parametrize("label", ["", "two\nlines", "carriage\rreturn", "trailing\n"])
def test_a_label_that_is_no_line_is_refused(label: str) -> None:
    with pytest.raises(LabelNotOneLine, match=r"labels\.txt"):
        labels_text(["fine", label])
