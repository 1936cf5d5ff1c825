from __future__ import annotations

from pathlib import Path

import pytest

from fv_edge_runtime.__main__ import main


def test_a_line_for_each_label(models: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = pictures / "red.png"
    assert main([str(models / "int8.tflite"), str(picture), "--top", "2"]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{picture}\n  100.00 %  red\n    0.00 %  green\n"
    assert shown.err == ""


def test_an_error_is_two_lines_and_a_code(models: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(models / "foreign.tflite"), str(pictures / "red.png")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    first, second = shown.err.splitlines()
    assert first.startswith("error[labels-missing]: ")
    assert second.startswith("hint: ")


def test_labels_and_range_are_taken(
    models: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\nc\n")
    words = [str(models / "foreign.tflite"), str(pictures / "green.png"), f"--labels={labels}", "--input-range=0,255"]
    assert main([*words, "--top=1", "--threads=2"]) == 0
    assert capsys.readouterr().out.endswith("  b\n")
    assert main([*words[:3], "--input-range=1,0"]) == 2
    assert "error[bad-input-range]" in capsys.readouterr().err


def test_wrong_usage_ends_with_two(models: Path, pictures: Path) -> None:
    for words in (
        [],
        [str(models / "int8.tflite")],
        [str(models / "int8.tflite"), str(pictures / "red.png"), "--top=0"],
    ):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
