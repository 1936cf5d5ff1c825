"""What TensorFlow's native libraries write when they start never reaches the screen, whichever command starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.edge_runtime import tiny_models
from tests.export import separable

COMMANDS = {
    "train": [
        "train", "plates_quick", "--data", "set", "--out", "OUT",
        "--set", "data.input_size=32", "--set", "data.batch_size=8", "--set", "model.alpha=0.25",
        "--set", "model.minimalistic=true", "--set", "stage.scratch.epochs=1",
    ],
    "evaluate": ["evaluate", "run", "--data", "set", "--out", "OUT"],
    "predict": ["predict", "run", "picture.png"],
    "export": ["export", "run", "--fp32", "--format", "tflite", "--out", "OUT"],
    "benchmark": ["benchmark", "tiny.tflite", "--data", "set", "--against", "run/model.keras", "--runs", "1"],
}  # fmt: skip
# How our own lines begin.
OURS = (
    "answering ", "arithmetic ", "epoch ", "exporting: ", "measuring: ", "run: ", "next: ", "written to ",
    "the full model has no stored answers",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `set`, `run`, `tiny.tflite` and `picture.png`."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("quiet")
    separable.run(folder / "run", separable.build(), separable.image_set(folder / "set"))
    tiny_models.with_manifest(tiny_models.float_model(), folder / "tiny.tflite", labels=separable.CLASSES)
    Image.fromarray(separable.picture(0, 1)).save(folder / "picture.png")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_standard_error_holds_our_lines_only(command: str, folder: Path, tmp_path: Path) -> None:
    words = [word.replace("OUT", str(tmp_path / "out")) for word in COMMANDS[command]]
    # As somebody types it: without the variables that tests set to keep TensorFlow quiet.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    done = subprocess.run(
        [sys.executable, "-m", "fv_cli", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith(OURS)] == []


SAID = "import gc; from fv_cli.frameworks import import_keras; "


def test_garbage_is_collected_again_once_keras_is_imported() -> None:
    again = "before = gc.get_freeze_count(); kept = [[]]; import_keras(); print(gc.get_freeze_count() == before)"
    said = in_python(SAID + "import_keras(); print(gc.isenabled(), gc.get_freeze_count() > 100_000); " + again)
    assert said == "True True\nTrue\n"


def test_garbage_is_collected_again_where_keras_cannot_be_imported() -> None:
    without = "import sys; sys.modules['keras'] = None; "
    said = in_python(without + SAID + "\ntry:\n import_keras()\nexcept ImportError:\n print(gc.isenabled())")
    assert said == "True\n"


def test_keras_comes_without_what_no_command_uses() -> None:
    there = "print([name for name in ('sklearn', 'jax', 'scipy.stats') if name in sys.modules]); "
    later = "import sklearn.base, jax; print(sklearn.base.BaseEstimator.__name__, jax.__name__)"
    said = in_python("import sys; " + SAID + "import_keras(); " + there + later)
    assert said == "[]\nBaseEstimator jax\n"


def test_what_is_imported_already_stays() -> None:
    said = in_python("import sys, sklearn, jax; " + SAID + "import_keras(); print(sys.modules['jax'] is jax, sklearn)")
    assert said.startswith("True <module 'sklearn'")


@pytest.mark.parametrize("chosen", ["environment", "settings", "home"])
def test_keras_computes_with_jax_where_that_is_its_backend(
    chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delenv("KERAS_HOME", raising=False)
    if chosen == "environment":
        monkeypatch.setenv("KERAS_BACKEND", "jax")
    else:
        folder = tmp_path / ".keras"
        folder.mkdir()
        (folder / "keras.json").write_text('{"backend": "jax"}')
        monkeypatch.setenv(*{"settings": ("KERAS_HOME", str(folder)), "home": ("HOME", str(tmp_path))}[chosen])
    fit = "import keras, numpy as np; m = keras.Sequential([keras.layers.Dense(1)]); m.compile(loss='mse'); "
    fit += "m.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0); print(keras.backend.backend())"
    assert in_python(SAID + "import_keras(); " + fit) == "jax\n"


def test_settings_that_cannot_be_read_are_left_to_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text("{")
    said = in_python("import sys; " + SAID + "import_keras(); import keras; print(keras.backend.backend())")
    assert said == "tensorflow\n"


def in_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True).stdout
