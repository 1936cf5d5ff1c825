"""Model files that the tests of this folder share: written once, never changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.edge_runtime import tiny_models
from tests.edge_runtime.tiny_models import SIZE


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """float, int8 and foreign files in both formats."""
    folder = tmp_path_factory.mktemp("models")
    tiny_models.with_manifest(tiny_models.float_model(), folder / "float.tflite")
    tiny_models.with_manifest(tiny_models.quantized_model(), folder / "int8.tflite", scheme="int8")
    (folder / "foreign.tflite").write_bytes(tiny_models.float_model().to_bytes())
    for kind in ("uint8", "int8"):
        (folder / f"foreign_{kind}.tflite").write_bytes(tiny_models.quantized_model(kind, kind).to_bytes())
    tiny_models.onnx_with_manifest(folder / "float.onnx")
    (folder / "foreign.onnx").write_bytes(tiny_models.onnx_model().SerializeToString())
    first = tiny_models.onnx_model(channels_first=True, batch="N")
    (folder / "channels_first.onnx").write_bytes(first.SerializeToString())
    (folder / "logits.onnx").write_bytes(tiny_models.onnx_model(softmax=False).SerializeToString())
    return folder


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """red.png, green.png and blue.png, wider than high and larger than the network's input."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, colour in (("red", (250, 5, 5)), ("green", (10, 200, 10)), ("blue", (0, 0, 160))):
        Image.new("RGB", (3 * SIZE, 2 * SIZE), colour).save(folder / f"{name}.png")
    return folder
