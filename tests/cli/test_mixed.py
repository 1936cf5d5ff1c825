"""`fv export --target-drop` and what stands beside it, as typed: exit codes, what is printed, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fv_cli.main import main
from fv_core.imageset import ImageSet
from tests.export import separable
from tests.export.mixed.searched import without_a_clock


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli-mixed")


@pytest.fixture(scope="module")
def imageset(folder: Path) -> ImageSet:
    return separable.image_set(folder / "set")


@pytest.fixture(scope="module")
def fragile(folder: Path, imageset: ImageSet) -> Path:
    return separable.run(folder / "runs" / "fragile", separable.build(fragile=True), imageset)


def export(run: Path, out: Path, *typed: str) -> int:
    return main(["export", str(run), "--int8", "--format", "tflite", "--out", str(out), *typed])


@pytest.mark.slow
def test_a_target_is_kept_told_and_recorded(
    fragile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_a_clock(monkeypatch)
    assert export(fragile, tmp_path, "--target-drop", "5") == 0
    said = capsys.readouterr()
    assert "tflite int8 within 5 points: drop" in said.out
    assert "80% was wanted" in said.out
    assert "of the multiply-adds in 8 bits" in said.out
    assert "restored, the most guilty first: " in said.out
    assert "tflite int8 faster than float: 1.0" in said.out
    assert (tmp_path / "fragile_int8.tflite").is_file()
    page = (tmp_path / "fragile_int8.tflite.frontier.html").read_text(encoding="utf-8")
    assert "Precision mixed to a target of 5.0 points" in page
    assert str(tmp_path) not in page
    (file,) = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))["files"]
    assert file["mixed"]["answer"] == "kept"
    assert file["mixed"]["assurance"] >= file["mixed"]["assurance_wanted"] == 0.8
    assert file["mixed"]["frontier"][file["mixed"]["chosen"]]["drop_pp"] <= 5.0
    assert file["timed"]["ratio"] == pytest.approx(0.5, rel=0.05)


@pytest.mark.slow
def test_a_file_that_is_slower_than_float_is_refused(
    fragile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_a_clock(monkeypatch, ratio=1.5)
    assert export(fragile, tmp_path, "--target-drop", "5", "--require-faster") == 3
    assert "slower than float" in capsys.readouterr().out
    assert not (tmp_path / "fragile_int8.tflite").exists()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["--fp32", "--target-drop", "1"], "--target-drop belongs to --int8"),
        (["--fp32", "--keep-float", "x"], "no integer file to mix"),
        (["--int8", "--via-converter", "--target-drop", "1"], "--via-converter writes float files alone"),
        (["--int8", "--target-drop", "0"], "no target"),
        (["--int8", "--target-drop", "1", "--assurance", "0.4"], "no assurance"),
        (["--int8", "--assurance", "0.8"], "--assurance belongs to --target-drop"),
        (["--int8", "--data", "x"], "--target-drop"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_any_work(
    fragile: Path, typed: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(fragile), *typed]) == 2
    assert says in capsys.readouterr().err


def test_an_unknown_layer_offers_the_nearest(fragile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(fragile, tmp_path, "--keep-float", "depthwise_konv*") == 1
    assert "depthwise" in capsys.readouterr().out
