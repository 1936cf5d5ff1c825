import json

import pytest

from fv_benchmark.report_file import write_report
from fv_cli.main import main
from tests.benchmark.builders import accuracy, measured, report

NAME = "food_int8.tflite"


@pytest.fixture
def reports(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    same = {NAME: accuracy(600, 1000)}
    write_report(tmp_path / "a.json", report(measured(NAME, 2.0), measured("gone.onnx", 1.0), accuracies=same))
    write_report(tmp_path / "b.json", report(measured(NAME, 1.0), cpu="Raspberry Pi", accuracies=same))
    return tmp_path


def cells(line):
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_each_model_is_better_worse_or_cannot_tell(reports, capsys):
    assert main(["compare", "a.json", "b.json"]) == 0
    printed = capsys.readouterr().out
    row = cells(next(line for line in printed.splitlines() if NAME in line))
    assert row[0].startswith(NAME)
    assert row[2].startswith("better: 0.50 × [0.")
    assert row[3] == "cannot tell: 0.00 pp [-0.30, +0.30]"
    assert "the reports come from different machines" in printed
    assert "only in A: gone.onnx (1 thread)" in printed


def test_turned_round_it_is_worse(reports, capsys):
    assert main(["compare", "b.json", "a.json"]) == 0
    assert "worse: 2.0" in capsys.readouterr().out


def test_the_same_as_json(reports, capsys):
    assert main(["compare", "a.json", "b.json", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema_version"] == 1
    assert data["pairs"][0]["latency"]["verdict"] == "better"
    assert data["pairs"][0]["accuracy"]["verdict"] == "cannot tell"
    assert data["only_a"] == ["gone.onnx (1 thread)"]


def test_a_report_with_hostile_names_cannot_command_the_terminal(reports, capsys):
    name = "\x1b[2Jx_int8.tflite"
    write_report(reports / "c.json", report(measured(name, 1.0)))
    assert main(["compare", "c.json", "c.json"]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(("content", "code"), [(None, "missing-path"), ("{}", "bad-report"), ("x", "bad-report")])
def test_what_is_no_report_is_one_line(reports, capsys, content, code):
    if content is not None:
        (reports / "c.json").write_text(content)
    assert main(["compare", "a.json", "c.json"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"error[{code}]: ")
    assert lines[1].startswith("hint: fv benchmark")
