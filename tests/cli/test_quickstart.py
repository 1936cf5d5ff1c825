"""The quickstart: its command lines, what it refuses and skips, and once the whole way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fv_cli import group
from fv_cli.commands import quickstart
from fv_cli.main import main

# The promise of the README for the float model; a linear model on the mean colour stays under 0.4.
HELD_OUT_TOP1 = 0.90


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The command lines that were run, instead of running them."""
    lines: list[tuple[str, ...]] = []
    monkeypatch.setattr(quickstart, "_type", lambda words: lines.append(tuple(words)))
    return lines


def test_it_goes_the_whole_way_in_order(
    tmp_path: Path, typed: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quickstart", "--out", str(tmp_path / "q")]) == 0
    assert [words[0] for words in typed] == ["data", "train", "evaluate", "export", "benchmark", "predict"]
    printed = capsys.readouterr()
    assert f"$ fv train plates_quick --data {tmp_path}/q/data/plates --out {tmp_path}/q/runs/plates\n" in printed.out
    assert printed.err.startswith("next: fv data prepare folder:PHOTOS")


def test_every_line_of_it_is_one_that_the_command_line_understands(tmp_path: Path) -> None:
    for step in quickstart.steps(tmp_path):
        root = group.command_line()
        with root.make_context("fv", list(step.words)) as context:
            name, command, rest = root.resolve_command(context, list(step.words))
            assert command is not None
            with command.make_context(name, rest, parent=context):
                pass


def test_what_was_made_before_is_not_made_again(tmp_path: Path, typed: list[tuple[str, ...]]) -> None:
    out = tmp_path / "q"
    assert main(["quickstart", "--out", str(out)]) == 0
    typed.clear()
    (out / "data/plates").mkdir(parents=True)
    (out / "runs/plates").mkdir(parents=True)
    assert main(["quickstart", "--out", str(out)]) == 0
    assert [words[0] for words in typed] == ["train", "evaluate", "export", "benchmark", "predict"]
    assert "--resume" in typed[0]
    typed.clear()
    (out / "runs/plates/model.keras").write_bytes(b"")
    assert main(["quickstart", "--out", str(out)]) == 0
    assert [words[0] for words in typed] == ["evaluate", "export", "benchmark", "predict"]


def test_a_folder_of_somebody_else_is_not_touched(
    tmp_path: Path, typed: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    assert main(["quickstart", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error[already-exists]: ")
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]
    assert typed == []


def test_an_empty_folder_will_do(tmp_path: Path, typed: list[tuple[str, ...]]) -> None:
    assert main(["quickstart", "--out", str(tmp_path)]) == 0
    assert len(typed) == 6


def test_a_file_of_that_name_is_refused(tmp_path: Path, typed: list[tuple[str, ...]]) -> None:
    (tmp_path / "q").write_text("a file", encoding="utf-8")
    assert main(["quickstart", "--out", str(tmp_path / "q")]) == 2
    assert typed == []


def test_without_tensorflow_it_says_so_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quickstart.importlib.util, "find_spec", lambda name: None)
    assert main(["quickstart", "--out", str(tmp_path / "q")]) == 2
    assert "pip install 'fv[train,export]'" in capsys.readouterr().err
    assert not (tmp_path / "q").exists()


def test_interrupted_it_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(quickstart, "_type", interrupt)
    assert main(["quickstart", "--out", str(tmp_path / "q")]) == 130
    assert capsys.readouterr().err == f"next: fv quickstart --out {tmp_path}/q\ninterrupted\n"


@pytest.mark.slow
def test_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "q"
    assert main(["quickstart", "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    results = {(one["format"], one["scheme"]): one["accuracy"] for one in report["results"]}
    assert set(results) == {(form, scheme) for form in ("tflite", "onnx") for scheme in ("fp32", "int8")}
    for form in ("tflite", "onnx"):
        assert results[form, "fp32"]["top1"] > HELD_OUT_TOP1
        low, high = results[form, "int8"]["drop_ci95_pp"]
        assert low <= results[form, "int8"]["drop_pp"] <= high
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")
    assert "drop pp [95 %]" in capsys.readouterr().out
