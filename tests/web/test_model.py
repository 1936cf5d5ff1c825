"""What a page has to know of a model file is read in a child process."""

from __future__ import annotations

from pathlib import Path

import pytest

from fv_benchmark.web.model import page_model, read_here
from fv_core.errors import InputError
from fv_core.preprocess import Preprocess
from tests.edge_runtime.tiny_models import LABELS, SIZE, float_model, onnx_with_manifest, with_manifest


def test_of_our_own_file(tmp_path: Path) -> None:
    wanted = Preprocess(store_size=16, crop_fraction=0.5, input_size=SIZE)
    path = with_manifest(float_model(), tmp_path / "a.tflite", preprocess=wanted)
    found = page_model(path)
    assert (found.name, found.format, found.scheme, found.labels) == ("tiny", "tflite", "fp32", LABELS)
    assert (found.preprocess, found.size_bytes, found.golden) == (wanted, path.stat().st_size, ())


def test_of_an_onnx_file(tmp_path: Path) -> None:
    assert read_here(str(onnx_with_manifest(tmp_path / "a.onnx")))["format"] == "onnx"


def test_of_a_strangers_file(tmp_path: Path) -> None:
    path = tmp_path / "stranger.tflite"
    path.write_bytes(float_model().to_bytes())
    found = read_here(str(path))
    assert (found["name"], found["scheme"], found["labels"]) == ("stranger", "unknown", None)
    assert found["preprocess"] == {"store_size": SIZE, "crop_fraction": 1.0, "input_size": SIZE}


def test_of_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    path.write_bytes(float_model().to_bytes()[:100])
    with pytest.raises(InputError):
        page_model(path)
