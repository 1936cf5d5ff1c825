from __future__ import annotations

from pathlib import Path

import pytest

from fv_core.errors import MissingPath
from fv_edge_runtime import model_path
from fv_edge_runtime.errors import BadModelFile, UnknownFormat
from fv_edge_runtime.model_path import check_model_path, read_model


@pytest.mark.parametrize(("name", "model_format"), [("m.tflite", "tflite"), ("m.ONNX", "onnx")])
def test_the_suffix_is_the_format(name: str, model_format: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert check_model_path(tmp_path / name) == model_format
    assert read_model(tmp_path / name) == b"x"


def test_what_is_no_model_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.tflite").mkdir()
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "model.h5").write_bytes(b"x")
    for name, kind in (
        ("none.tflite", MissingPath),
        ("folder.tflite", MissingPath),
        ("empty.onnx", BadModelFile),
        ("model.h5", UnknownFormat),
    ):
        with pytest.raises(kind) as caught:
            check_model_path(tmp_path / name)
        assert caught.value.hint


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_path, "MAX_FILE_BYTES", 10)
    (tmp_path / "m.onnx").write_bytes(b"x" * 11)
    with pytest.raises(BadModelFile, match="too large"):
        read_model(tmp_path / "m.onnx")
