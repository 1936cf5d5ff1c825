from pathlib import Path

import pytest

from fv_benchmark.models import find_models, short_names
from fv_core.errors import MissingPath
from fv_edge_runtime.errors import BadModelFile, UnknownFormat
from tests.edge_runtime import tiny_models


@pytest.fixture
def folder(tmp_path):
    tiny_models.with_manifest(tiny_models.quantized_model(), tmp_path / "tiny_int8.tflite", scheme="int8")
    tiny_models.with_manifest(tiny_models.float_model(), tmp_path / "tiny_fp32.tflite")
    tiny_models.onnx_with_manifest(tmp_path / "tiny_fp32.onnx")
    (tmp_path / "notes.txt").write_text("no model")
    return tmp_path


def test_a_folder_is_its_models_the_float_file_first(folder):
    models = find_models([folder])
    assert [(model.name, model.scheme, model.format) for model in models] == [
        ("tiny_fp32.tflite", "fp32", "tflite"),
        ("tiny_fp32.onnx", "fp32", "onnx"),
        ("tiny_int8.tflite", "int8", "tflite"),
    ]
    assert models[0].size_bytes == (folder / "tiny_fp32.tflite").stat().st_size


def test_a_run_is_what_it_exported(folder, tmp_path):
    run = tmp_path / "run"
    (run / "export").mkdir(parents=True)
    (folder / "tiny_fp32.onnx").rename(run / "export" / "tiny_fp32.onnx")
    assert [model.name for model in find_models([run])] == ["tiny_fp32.onnx"]


def test_files_keep_the_order_in_which_they_were_given(folder):
    names = [model.name for model in find_models([folder / "tiny_int8.tflite", folder / "tiny_fp32.tflite"])]
    assert names == ["tiny_int8.tflite", "tiny_fp32.tflite"]


def test_a_file_without_a_manifest_has_an_unknown_scheme(tmp_path):
    (tmp_path / "foreign.tflite").write_bytes(tiny_models.float_model().to_bytes())
    assert find_models([tmp_path / "foreign.tflite"])[0].scheme == "unknown"


def test_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(MissingPath, match="no model file in") as error:
        find_models([tmp_path])
    assert error.value.hint == f"fv export {tmp_path}"


def test_what_is_no_model_is_refused(folder):
    with pytest.raises(MissingPath):
        find_models([folder / "nothing.tflite"])
    with pytest.raises(UnknownFormat):
        find_models([folder / "notes.txt"])


def test_a_truncated_file_is_refused_before_a_runtime_sees_it(folder):
    whole = (folder / "tiny_fp32.tflite").read_bytes()
    (folder / "short.tflite").write_bytes(whole[:200])
    with pytest.raises(BadModelFile):
        find_models([folder / "short.tflite"])


def test_names_are_made_different_only_where_they_are_the_same():
    paths = [Path("/a/x/m.tflite"), Path("/a/y/m.tflite"), Path("/a/x/n.tflite")]
    assert short_names(paths) == ["x/m.tflite", "y/m.tflite", "n.tflite"]


def test_a_file_given_twice_is_numbered():
    assert short_names([Path("/a/m.tflite"), Path("/a/m.tflite")]) == ["m.tflite", "m.tflite (2)"]
