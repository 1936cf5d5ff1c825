from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from fv_core.errors import BadManifest, MissingPath
from fv_core.manifest import FILE_NAME, MAX_BYTES, ONNX_KEY
from fv_edge_runtime.errors import BadLabelFile, BadModelFile
from fv_edge_runtime.manifest_io import MAX_MEMBERS, read_embedded_labels, read_manifest
from tests.edge_runtime.tiny_models import float_model, manifest, onnx_model, with_archive

GOOD = manifest().to_json().encode()


def test_a_manifest_is_read_from_both_formats(models: Path) -> None:
    assert read_manifest(models / "float.tflite") == manifest()
    assert read_manifest(models / "float.onnx") == manifest(format="onnx")


@pytest.mark.parametrize("name", ["foreign.tflite", "foreign.onnx"])
def test_a_file_of_somebody_else_has_none(name: str, models: Path) -> None:
    assert read_manifest(models / name) is None
    assert read_embedded_labels(models / name) is None


def test_weights_that_look_like_an_archive_are_none(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(float_model().to_bytes() + b"PK\x05\x06" + b"\x07" * 40)
    assert read_manifest(path) is None
    path.write_bytes(float_model().to_bytes() + b"PK\x05\x06")
    assert read_manifest(path) is None


def test_labels_of_the_standard_metadata_are_read(tmp_path: Path) -> None:
    path = with_archive(float_model().to_bytes(), tmp_path / "m.tflite", {"labels.txt": b"a\nb\nc\n"})
    assert read_embedded_labels(path) == ("a", "b", "c")
    assert read_manifest(path) is None


@pytest.mark.parametrize("content", [b"", b"\xff", b"\x1b[2J"])
def test_bad_labels_inside_are_refused(content: bytes, tmp_path: Path) -> None:
    path = with_archive(float_model().to_bytes(), tmp_path / "m.tflite", {"labels.txt": content})
    with pytest.raises(BadLabelFile):
        read_embedded_labels(path)


@pytest.mark.parametrize("name", ["../labels.txt", "a/../../b", "/etc/passwd", "..\\x", "c:x"])
def test_unsafe_names_are_refused(name: str, tmp_path: Path) -> None:
    path = with_archive(float_model().to_bytes(), tmp_path / "m.tflite", {FILE_NAME: GOOD, name: b"x"})
    with pytest.raises(BadManifest, match="unsafe name"):
        read_manifest(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b"\xff\xfe",
        GOOD.replace(b'"schema_version":2', b'"schema_version":1'),
        GOOD.replace(b"0.0", b"NaN"),
    ],
)
def test_a_damaged_manifest_is_refused(content: bytes, tmp_path: Path) -> None:
    assert content != GOOD
    path = with_archive(float_model().to_bytes(), tmp_path / "m.tflite", {FILE_NAME: content})
    with pytest.raises(BadManifest):
        read_manifest(path)
    model = onnx_model()
    model.metadata_props.add(key=ONNX_KEY, value=content.decode("latin-1"))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BadManifest):
        read_manifest(tmp_path / "m.onnx")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = with_archive(float_model().to_bytes(), tmp_path / "m.tflite", {FILE_NAME: bytes(MAX_BYTES + 1)})
    assert path.stat().st_size < 100_000
    with pytest.raises(BadManifest, match="more than"):
        read_manifest(path)


def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = with_archive(float_model().to_bytes(), tmp_path / "m.tflite", {FILE_NAME: bytes(1 << 20)})
    data = path.read_bytes().replace((1 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(BadManifest):
        read_manifest(path)


def test_too_many_members_and_equal_names_are_refused(tmp_path: Path) -> None:
    many = {f"{number}.txt": b"" for number in range(MAX_MEMBERS + 1)}
    with pytest.raises(BadManifest, match="an archive of 65 files"):
        read_manifest(with_archive(float_model().to_bytes(), tmp_path / "many.tflite", many))
    path = with_archive(float_model().to_bytes(), tmp_path / "twice.tflite", {FILE_NAME: GOOD})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(FILE_NAME, b"other")
    with pytest.raises(BadManifest, match="twice"):
        read_manifest(path)


@pytest.mark.parametrize("at", [-60, -12])
def test_a_damaged_archive_is_refused(at: int, tmp_path: Path) -> None:
    path = with_archive(float_model().to_bytes(), tmp_path / "m.tflite", {FILE_NAME: GOOD})
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(BadManifest):
        read_manifest(path)


def test_a_missing_file_is_said_so_and_rubbish_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingPath):
        read_manifest(tmp_path / "none.tflite")
    (tmp_path / "m.onnx").write_bytes(b"\x0b")
    with pytest.raises(BadModelFile):
        read_manifest(tmp_path / "m.onnx")
