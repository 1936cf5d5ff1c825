from __future__ import annotations

from pathlib import Path

import pytest

from fv_edge_runtime.errors import BadModelFile
from fv_edge_runtime.tflite_file import read_tflite
from fv_edge_runtime.tflite_names import type_name
from tests.edge_runtime.tiny_models import SIZE, Model, Tensor, float_model, quantized_model


def written(model: Model, tmp_path: Path) -> Path:
    path = tmp_path / "m.tflite"
    path.write_bytes(model.to_bytes())
    return path


def test_everything_is_read_back(tmp_path: Path) -> None:
    found = read_tflite(written(quantized_model(), tmp_path))
    assert (found.description, found.subgraph_count, found.inputs, found.outputs) == ("tiny", 1, (0,), (6,))
    assert [operator.name for operator in found.operators] == [
        "QUANTIZE",
        "MEAN",
        "HARD_SWISH",
        "DEQUANTIZE",
        "SOFTMAX",
    ]
    assert found.operators[1].inputs == (2, 1)
    image, axes = found.tensors[0], found.tensors[1]
    assert (image.name, image.shape, type_name(image.type_code)) == ("image", (1, SIZE, SIZE, 3), "uint8")
    assert (image.scale, image.zero_point, image.constant_bytes) == ((1.0,), (0,), 0)
    assert (axes.scale, axes.constant_bytes) == ((), 8)


def test_a_free_size_shows_in_the_signature(tmp_path: Path) -> None:
    model = float_model()
    model.tensors[0] = Tensor("image", (1, SIZE, SIZE, 3), signature=(-1, SIZE, SIZE, 3))
    image = read_tflite(written(model, tmp_path)).tensors[0]
    assert (image.shape, image.signature) == ((1, SIZE, SIZE, 3), (-1, SIZE, SIZE, 3))


def test_a_custom_operator_keeps_its_name(tmp_path: Path) -> None:
    model = float_model()
    model.operators[0] = ("CUSTOM:FlexErf", [0, 1], [2])
    model.options.pop(0)
    assert read_tflite(written(model, tmp_path)).operators[0].name == "CUSTOM:FlexErf"


def test_a_wrong_identifier_and_a_wrong_version_are_refused(tmp_path: Path) -> None:
    path = written(float_model(), tmp_path)
    data = bytearray(path.read_bytes())
    path.write_bytes(data[:4] + b"TFL2" + data[8:])
    with pytest.raises(BadModelFile, match="TFL2"):
        read_tflite(path)
    path.write_bytes(b"not a model at all, but long enough to look at")
    with pytest.raises(BadModelFile):
        read_tflite(path)


def test_a_file_that_is_cut_anywhere_is_refused_or_complete(tmp_path: Path) -> None:
    """At every 64th of the file; what lies behind the last table that is read may be missing unnoticed."""
    path = written(quantized_model(), tmp_path)
    data = path.read_bytes()
    whole = read_tflite(path)
    refused = 0
    for part in range(64):
        path.write_bytes(data[: len(data) * part // 64] or b"\0")
        try:
            found = read_tflite(path)
        except BadModelFile:
            refused += 1
        else:
            assert [operator.name for operator in found.operators] == [one.name for one in whole.operators]
    assert refused > 56


@pytest.mark.parametrize(("offset", "size"), [(1 << 40, 8), (100, 1 << 40), ((1 << 64) - 4, 8)])
def test_a_buffer_behind_the_flatbuffer_must_be_in_the_file(offset: int, size: int, tmp_path: Path) -> None:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as s

    model = s.ModelT.InitFromPackedBuf(float_model().to_bytes(), 0)
    model.buffers[1].data, model.buffers[1].offset, model.buffers[1].size = None, offset, size
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    path = tmp_path / "m.tflite"
    path.write_bytes(bytes(builder.Output()))
    with pytest.raises(BadModelFile, match="a buffer reaches"):
        read_tflite(path)
