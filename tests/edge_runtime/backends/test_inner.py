"""The tensors inside a network, by both runtimes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from fv_edge_runtime.backends.litert import open_inner_litert
from fv_edge_runtime.backends.onnxruntime import open_inner_onnxruntime, open_onnxruntime
from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from fv_edge_runtime.session import Quantization
from tests.edge_runtime.tiny_models import GAIN, SIZE

GREY = np.full((1, SIZE, SIZE, 3), 8.0, np.float32)


def test_litert_keeps_what_it_computed(models: Path) -> None:
    session = open_inner_litert(models / "float.tflite")
    assert (session.input_name, session.output_name) == ("image", "shares")
    assert session.tensors["mean"].shape == (1, 3)
    assert session.tensors["mean"].quantization is None
    session.run(GREY)
    np.testing.assert_allclose(session.value("mean"), 8.0)
    np.testing.assert_allclose(session.value("shares"), 1 / 3, rtol=1e-6)


def test_litert_says_how_integers_are_read(models: Path) -> None:
    session = open_inner_litert(models / "int8.tflite")
    assert session.tensors["mean"].quantization == Quantization(1.0, -128)
    session.run(GREY.astype(np.uint8))
    assert session.value("mean").dtype == np.int8
    assert (session.value("mean") == 8 - 128).all()


def test_a_damaged_file_does_not_open(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(b"\x00" * 64)
    with pytest.raises(BadModelFile):
        open_inner_litert(tmp_path / "m.tflite")


def widened(models: Path, folder: Path) -> Path:
    model = onnx.load_model(models / "float.onnx")
    model.graph.output.append(onnx.ValueInfoProto(name="logits"))
    onnx.save_model(model, folder / "wide.onnx")
    return folder / "wide.onnx"


def test_onnxruntime_gives_what_was_added_to_the_outputs(models: Path, tmp_path: Path) -> None:
    grid = Quantization(0.5, 3)
    session = open_inner_onnxruntime(widened(models, tmp_path), "shares", {"logits": grid})
    assert (session.input_name, session.output_name) == ("image", "shares")
    assert session.tensors["logits"].quantization == grid
    assert session.tensors["shares"].quantization is None
    session.run(GREY)
    np.testing.assert_allclose(session.value("logits"), 8.0 * GAIN)


def test_a_file_with_several_outputs_is_no_classifier_all_the_same(models: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match="2 inputs or outputs"):
        open_onnxruntime(widened(models, tmp_path), 1)
