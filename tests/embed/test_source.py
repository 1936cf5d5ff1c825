"""A project is made from a file that says everything of itself, and from no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fv_core.errors import BadManifest, FvError
from fv_core.manifest import Manifest
from fv_core.preprocess import Preprocess
from fv_edge_runtime.errors import LabelCount, UnsupportedModel
from fv_edge_runtime.manifest_io import read_manifest
from fv_embed.errors import NoManifest
from fv_embed.source import read_source
from tests.edge_runtime import tiny_models

Write = Callable[..., Path]


@pytest.fixture
def write(model_files: Path, tmp_path: Path) -> Write:
    """A .tflite file of another model and with another manifest: (model, what changes) -> path."""
    found = read_manifest(model_files / "plain.tflite")
    assert found is not None

    def write_file(model: tiny_models.Model | None = None, **changes: Any) -> Path:
        manifest: Manifest = replace(found, **changes)
        data = (model or tiny_models.quantized_model()).to_bytes()
        members = {"fv_manifest.json": manifest.to_json().encode()}
        return tiny_models.with_archive(data, tmp_path / "m.tflite", members)

    return write_file


@pytest.mark.parametrize(("name", "dtype"), [("plain.tflite", "uint8"), ("plain.onnx", "uint8")])
def test_a_file_of_ours(model_files: Path, name: str, dtype: str) -> None:
    source = read_source(model_files / name)
    assert source.format == name.partition(".")[2]
    assert source.input_dtype in ("uint8", "float32")
    assert (source.input_dtype == dtype) or name.endswith("onnx")
    assert source.manifest.name == "tiny"
    assert source.size_bytes == (model_files / name).stat().st_size


def refused(path: Path, kind: type[FvError], words: str) -> FvError:
    with pytest.raises(kind, match=words) as caught:
        read_source(path)
    return caught.value


def test_a_file_without_a_manifest(tmp_path: Path) -> None:
    path = tmp_path / "foreign.tflite"
    path.write_bytes(tiny_models.quantized_model().to_bytes())
    error = refused(path, NoManifest, "has no manifest")
    assert "labels" in error.why
    assert "fv export" in error.hint


def test_a_manifest_without_golden_pictures(write: Write) -> None:
    refused(write(golden=()), NoManifest, "no golden pictures")


def test_golden_pictures_that_are_others_here(write: Write, model_files: Path) -> None:
    found = read_manifest(model_files / "plain.tflite")
    assert found is not None
    changed = (replace(found.golden[0], sha256="0" * 64), *found.golden[1:])
    refused(write(golden=changed), BadManifest, "another one here")


def test_answers_that_do_not_fit(write: Write, model_files: Path) -> None:
    found = read_manifest(model_files / "plain.tflite")
    assert found is not None
    changed = (replace(found.golden[0], file=(1.0,)), *found.golden[1:])
    refused(write(golden=changed), BadManifest, "do not fit the labels")


def test_as_many_labels_as_outputs(write: Write) -> None:
    refused(write(labels=("one", "two")), LabelCount, "2 labels for 3 outputs")


def test_half_of_a_surrogate_pair_is_no_label(write: Write) -> None:
    # As JSON has it: the escape is text, what it stands for is none.
    path = write(labels=("red", "green", "MARK"))
    path.write_bytes(path.read_bytes())
    manifest = read_manifest(path)
    assert manifest is not None
    text = manifest.to_json().replace('"MARK"', '"\\ud800"')
    data = tiny_models.quantized_model().to_bytes()
    tiny_models.with_archive(data, path, {"fv_manifest.json": text.encode()})
    refused(path, BadManifest, "label 2 is no text")


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_answers_that_are_no_floats(write: Write, dtype: str) -> None:
    refused(write(tiny_models.quantized_model(dtype, dtype)), UnsupportedModel, "does not")


def test_pixels_that_are_not_raw(write: Write) -> None:
    refused(write(tiny_models.quantized_model("int8")), UnsupportedModel, "does not take raw pixels")


def test_another_input_size_than_the_manifest_says(write: Write) -> None:
    refused(write(preprocess=Preprocess(16, 1.0, 16)), UnsupportedModel, "does not take raw pixels")


def test_outsized_pictures(write: Write) -> None:
    refused(write(preprocess=Preprocess(9000, 1.0, 8)), BadManifest, "outsized")


def test_another_format_than_the_manifest_says(write: Write) -> None:
    refused(write(format="onnx"), BadManifest, "contradicts")


def test_an_operator_that_is_not_built_in(write: Write) -> None:
    model = tiny_models.quantized_model()
    model.operators[3] = ("CUSTOM:FlexErf", *model.operators[3][1:])
    error = refused(write(model), UnsupportedModel, "not built in")
    assert "FlexErf" in error.why
