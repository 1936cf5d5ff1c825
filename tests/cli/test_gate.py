"""`fv gate` and `fv export --max-drop` as typed: the three exit codes, what is printed, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fv_cli.main import main
from fv_core.imageset import ImageSet
from tests.export import separable

# 45 pictures without a change have an upper bound of 6.4 points (tests/export/test_gate.py).
PROVABLE, UNDECIDED = "7", "1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli-gate")


@pytest.fixture(scope="module")
def imageset(folder: Path) -> ImageSet:
    return separable.image_set(folder / "set")


@pytest.fixture(scope="module")
def run(folder: Path, imageset: ImageSet) -> Path:
    return separable.run(folder / "runs" / "mine", separable.build(), imageset)


@pytest.fixture(scope="module")
def good(folder: Path, run: Path) -> Path:
    assert main(["export", str(run), "--int8", "--format", "tflite", "--out", str(folder / "good")]) == 0
    return folder / "good" / "mine_int8.tflite"


@pytest.fixture(scope="module")
def spoiled(folder: Path, imageset: ImageSet) -> Path:
    fragile = separable.run(folder / "runs" / "fragile", separable.build(fragile=True), imageset)
    typed = ["export", str(fragile), "--int8", "--format", "tflite", "--keep", "--out", str(folder / "spoiled")]
    assert main(typed) == 3
    return folder / "spoiled" / "fragile_int8.refused.tflite"


def gate(run: Path, budget: str, *typed: object) -> int:
    return main(["gate", *map(str, typed), "--against", str(run), "--max-drop", budget])


@pytest.mark.parametrize(("budget", "code", "says"), [(PROVABLE, 0, "passes"), (UNDECIDED, 4, "cannot tell")])
def test_a_file_of_anybodys_is_judged(
    run: Path, good: Path, budget: str, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(run, budget, good) == code
    out = capsys.readouterr().out
    assert f"mine_int8.tflite {says}: it loses" in out
    assert "on 45 pictures of the validation split" in out


def test_the_worst_file_sets_the_exit_code(
    run: Path, good: Path, spoiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(run, PROVABLE, good, spoiled) == 3
    captured = capsys.readouterr()
    assert "mine_int8.tflite passes" in captured.out
    assert "fragile_int8.refused.tflite refused: it loses at least" in captured.out
    assert f"next: fv gate {good} {spoiled} --against {run} --max-drop 7 --out gate" in captured.err


def test_the_record_and_the_page_are_written_where_asked(
    run: Path, spoiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(run, PROVABLE, spoiled, "--json", "--out", tmp_path / "gate") == 3
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["decision"], file["exit_code"], file["pictures"]) == ("refuses", 3, 45)
    assert len(file["flipped_pictures"]) == file["flipped"] > 0
    record = json.loads((tmp_path / "gate" / "fragile_int8.refused.tflite.json").read_text())
    assert record == file
    page = (tmp_path / "gate" / "fragile_int8.refused.tflite.html").read_text()
    assert page.count("<figure>") == file["flipped"]
    assert str(tmp_path) not in page + json.dumps(file)


def test_a_part_of_the_pictures_can_be_asked_for(run: Path, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate(run, PROVABLE, good, "--limit", 20) == 4
    assert "on 20 pictures" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["--max-drop", "-1"], "are no budget"),
        (["--max-drop", "1", "--confidence", "0.4"], "no confidence"),
        (["--max-drop", "1", "--data", "nowhere"], "no image set at nowhere"),
        ([], "Missing option '--max-drop'"),
    ],
)
def test_a_wrong_question_is_refused(
    run: Path, good: Path, typed: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gate", str(good), "--against", str(run), *typed]) == 2
    assert says in capsys.readouterr().err


def test_an_export_with_a_gate_leaves_only_what_passes(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["export", str(run), "--int8", "--fp32", "--format", "tflite", "--out", str(tmp_path)]
    assert main([*typed, "--max-drop", UNDECIDED]) == 4
    captured = capsys.readouterr()
    assert "cannot tell: see the gate below" in captured.out
    assert "none more than the chance" in captured.out or "no class lost" in captured.out
    assert "next: fv export" in captured.err
    assert not list(tmp_path.glob("*.tflite"))
    assert sorted(path.name for path in (tmp_path / "gate").iterdir()) == [
        "mine_fp32.tflite.html", "mine_fp32.tflite.json", "mine_int8.tflite.html", "mine_int8.tflite.json",
    ]  # fmt: skip
    assert main([*typed, "--max-drop", PROVABLE, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [file["gate"]["decision"] for file in record["files"]] == ["passes", "passes"]
    assert sorted(path.name for path in tmp_path.glob("*.tflite")) == ["mine_fp32.tflite", "mine_int8.tflite"]


def test_a_file_of_an_earlier_export_is_not_taken_for_this_one(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["export", str(run), "--fp32", "--format", "onnx", "--out", str(tmp_path), "--max-drop"]
    assert main([*typed, PROVABLE]) == 0
    assert "earlier export" not in capsys.readouterr().err
    before = (tmp_path / "mine_fp32.onnx").read_bytes()
    assert main([*typed, UNDECIDED]) == 4
    assert "! mine_fp32.onnx is from an earlier export" in capsys.readouterr().err
    assert (tmp_path / "mine_fp32.onnx").read_bytes() == before


def test_without_a_gate_the_record_says_so(good: Path) -> None:
    record = json.loads((good.parent / "export.json").read_text())
    assert record["files"][0]["gate"] is None
    assert not (good.parent / "gate").exists()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["--confidence", "0.9"], "--confidence belongs to --max-drop"),
        (["--max-drop", "101"], "are no budget"),
        (["--max-drop", "1", "--data", "nowhere"], "no image set at nowhere"),
    ],
)
def test_an_export_with_half_a_gate_is_refused(
    run: Path, tmp_path: Path, typed: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run), "--int8", "--out", str(tmp_path / "out"), *typed]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
