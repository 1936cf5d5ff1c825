"""Model files and projects that the tests of this folder share: written once, never changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fv_embed.project import embed
from tests.embed import hostile, models
from tests.embed.kotlin import Compiled, compile_project

MakeProject = Callable[[str, str], Path]


@pytest.fixture(scope="session")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plain.tflite, float.tflite, plain.onnx, and hostile.tflite with the labels of `hostile`."""
    folder = tmp_path_factory.mktemp("embed-models")
    models.write(folder / "plain.tflite")
    models.write(folder / "float.tflite")
    models.write(folder / "plain.onnx")
    models.write(folder / "hostile.tflite", name=hostile.NAME, labels=hostile.LABELS)
    return folder


@pytest.fixture(scope="session")
def make_project(model_files: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeProject:
    """(target, model file) -> the project's folder."""
    made: dict[tuple[str, str], Path] = {}

    def make(target: str, model: str) -> Path:
        if (target, model) not in made:
            out = tmp_path_factory.mktemp(f"{target}-project") / "out"
            made[target, model] = embed(model_files / model, target, out).out
        return made[target, model]

    return make


@pytest.fixture(scope="session")
def kotlin(make_project: MakeProject, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """The Android project of the hostile model, compiled; skips where a tool is missing.

    The classifier of a float model is compiled with it: the two differ in how pixels are handed over.
    """
    floats = next(make_project("android", "float.tflite").rglob("Classifier.kt"))
    return compile_project(make_project("android", "hostile.tflite"), tmp_path_factory.mktemp("kotlin"), floats)
