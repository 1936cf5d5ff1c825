"""`fv evaluate` as typed: a sentence for people, JSON for scripts, one line for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from fv_core.predictions import Predictions
from tests.train._pictures import imageset


def fv(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fv_cli", *words], cwd=folder, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image set of three colours, and a `.keras` file that answers by the mean colour: always right."""
    folder = tmp_path_factory.mktemp("evaluate")
    imageset(folder / "set")
    inputs = keras.Input((40, 40, 3))
    model = keras.Model(inputs, keras.layers.Softmax()(keras.layers.GlobalAveragePooling2D()(inputs)))
    model.save(folder / "mean.keras")
    return folder


def test_a_sentence_with_split_classes_and_pictures(folder: Path) -> None:
    done = fv("evaluate", "mean.keras", "--data", "set", folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == (
        "top-1 100.00 % [75.75, 100.00], top-5 100.00 % [75.75, 100.00] of 12 pictures, split validation, 3 classes, "
        "one crop of 1 of the square at 40 px"
    )
    assert done.stderr.splitlines()[-1] == "next: fv export mean.keras --int8"
    stored = Predictions.load(next((folder / "mean_evaluation").glob("predictions_validation_*.npz")))
    assert stored.correct().all()


def test_json_is_all_there_is_on_stdout(folder: Path) -> None:
    done = fv("evaluate", "mean.keras", "--data", "set", "--split", "train", "--json", folder=folder)
    report = json.loads(done.stdout)
    assert (report["split"], report["n"], report["top1"]) == ("train", 36, 1.0)
    assert [row["label"] for row in report["classes"]] == ["red", "green", "blue"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["gone.keras", "--data", "set"], "missing-path"),
        (["gone.tflite", "--data", "set"], "missing-path"),
        (["set", "--data", "set"], "bad-run"),
        (["mean.keras", "--data", "gone"], "missing-path"),
        (["mean.keras", "--data", "set", "--split", "tset"], "unknown-name"),
    ],
)
def test_what_is_wrong_is_one_error(words: list[str], code: str, folder: Path) -> None:
    done = fv("evaluate", *words, folder=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"error[{code}]" in done.stderr
    assert "Traceback" not in done.stderr
