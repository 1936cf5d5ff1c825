from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fv_edge_runtime.backends.litert import BACKEND
from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from fv_edge_runtime.session import Quantization
from tests.edge_runtime.tiny_models import SIZE, quantized_model


@pytest.mark.parametrize("threads", [1, 2])
def test_a_float_file_says_its_shapes_and_runs(threads: int, models: Path) -> None:
    session = BACKEND.open(models / "float.tflite", threads)
    assert session.runtime.startswith("ai-edge-litert 2")
    assert (session.input_shape, session.input_dtype) == ((1, SIZE, SIZE, 3), np.float32)
    assert (session.output_shape, session.output_dtype) == ((1, 3), np.float32)
    assert (session.input_quantization, session.output_quantization) == (None, None)
    x = np.zeros(session.input_shape, np.float32)
    first = session.run(x)
    np.testing.assert_allclose(first, np.full((1, 3), 1 / 3), atol=1e-6)
    x[..., 0] = 255
    assert session.run(x)[0, 0] > 0.99
    # The answer is a copy: the second run has not changed it.
    np.testing.assert_allclose(first, np.full((1, 3), 1 / 3), atol=1e-6)


def test_a_quantized_file_says_its_scales(models: Path) -> None:
    session = BACKEND.open(models / "foreign_int8.tflite", 1)
    assert (session.input_dtype, session.input_quantization) == (np.int8, Quantization(1.0, -128))
    assert (session.output_dtype, session.output_quantization) == (np.int8, Quantization(1 / 256, -128))


def test_rubbish_and_unknown_operators_are_refused_without_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(b"\0\0\0\0TFL2" + bytes(100))
    with pytest.raises(BadModelFile):
        BACKEND.open(path, 1)
    model = quantized_model()
    model.operators[2] = ("CUSTOM:Mystery", [3], [4])
    path.write_bytes(model.to_bytes())
    with pytest.raises(UnsupportedModel, match="Mystery"):
        BACKEND.open(path, 1)
    assert capfd.readouterr() == ("", "")
