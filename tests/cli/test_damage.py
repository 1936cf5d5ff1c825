"""`fv inspect MODEL --against FULL --data IMAGESET` on a small network that one layer of was spoiled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fv_cli.damage import with_run
from fv_cli.main import main
from fv_export.schemes import Pair
from tests.export import separable, spoiled


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damage")
    separable.image_set(folder / "set")
    full = spoiled.saved(folder)
    spoiled.write(full, folder, Pair("tflite", "int8"), spoiled="depth")
    return folder


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


WORDS = ["inspect", "full_depth_int8.tflite", "--against", "full.keras", "--data", "set", "--samples", "8"]


def test_the_table_names_the_guilty_layer_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--html", "report.html"]) == 0
    shown = capsys.readouterr()
    lines = [line for line in shown.out.splitlines() if "%" in line and "dB" in line]
    assert lines[0].startswith("full_depth_int8.tflite") or "depth_bn" in lines[1]
    assert "other weights" in shown.out
    assert shown.err.splitlines()[-1] == "next: fv export full.keras --int8"
    page = Path("report.html").read_text(encoding="utf-8")
    assert "1. depth_bn" in page
    assert str(Path.cwd()) not in page


def test_json_has_every_tensor_and_no_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--json"]) == 0
    text = capsys.readouterr().out
    data = json.loads(text)
    assert data["schema_version"] == 1
    assert data["tensors"][0]["name"] == "depth_bn"
    assert data["tensors"][0]["reason"]["kind"] == "other-weights"
    assert {one["name"] for one in data["tensors"]} | {"image"} >= set(data["reads"])
    assert str(Path.cwd()) not in text


@pytest.mark.parametrize(
    "words",
    [
        ["inspect", "full_depth_int8.tflite", "--against", "full.keras", "--verify"],
        ["inspect", "full_depth_int8.tflite", "--data", "set"],
        ["inspect", "full_depth_int8.tflite", "--html", "x.html"],
        ["inspect", "full_depth_int8.tflite", "--layers", "--verify"],
    ],
)
def test_questions_that_do_not_go_together_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error[bad-input]")
    assert "hint: fv inspect full_depth_int8.tflite" in shown


def test_without_pictures_a_keras_file_cannot_be_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "full_depth_int8.tflite", "--against", "full.keras"]) == 2
    assert capsys.readouterr().err.startswith("error[no-full-model-answers]")


def test_the_cure_is_for_the_model_that_was_named() -> None:
    assert with_run("fv export RUN --int8 --keep-float 'a'", Path("my run")) == (
        "fv export 'my run' --int8 --keep-float 'a'"
    )
    assert with_run("", Path("x")) == ""
