"""A report that a hostile device had its hands in: nothing of it commands a terminal or a browser (cases 44, 45).

Every text that comes from a device or a model file is planted with terminal escapes, markup and a script, and the whole
report is drawn in every form: terminal, Markdown, HTML, and two reports compared.
"""

from dataclasses import fields, replace

import pytest

from fv_benchmark import doubts
from fv_benchmark.curve import long_run
from fv_benchmark.machine import Machine
from fv_benchmark.render.html import html
from fv_benchmark.render.markdown import markdown
from fv_benchmark.report import together
from fv_benchmark.report_file import read_report, write_report
from fv_cli.commands import benchmark as benchmark_command
from fv_cli.main import main
from tests.benchmark.builders import accuracy, measured, report
from tests.benchmark.test_curve import run

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e[red]</td><script>alert(1)</script>\"'|`_*\n\r# head"
DANGEROUS = ("\x1b", "\x07", "\x9b", "\u202e", "\r")


def planted():
    """Two machines and a long run, with `EVIL` in every field that is text."""
    name = f"{EVIL}_int8.tflite"
    made = report(measured(name, 2.0), measured("food_fp32.tflite", 1.0), accuracies={name: accuracy(lost=1)})
    machine = made.machines[0]
    texts = {field.name: EVIL for field in fields(Machine) if field.type in ("str", "str | None")}
    evil = replace(machine, **texts, facts={EVIL: EVIL, "webgpu": EVIL})
    results = tuple(
        replace(
            one,
            runtime=EVIL,
            scheme=EVIL,
            long_run=long_run(run(30)),
            doubts=(doubts.Unsteady(0.2, 0.05, EVIL), doubts.NoAccuracy(EVIL, EVIL)),
        )
        for one in made.results
    )
    told = (doubts.ClockFree(EVIL), doubts.Emulated(EVIL))
    return together([replace(made, machines=(evil,), doubts=told, results=results), report()])


@pytest.fixture
def stored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_report(tmp_path / "a.json", planted())
    write_report(tmp_path / "b.json", report())
    return tmp_path


def test_the_planted_text_is_in_the_report(stored):
    assert read_report(stored / "a.json") == planted()
    assert planted().machines[0].governor == EVIL


def test_the_terminal_is_not_commanded(capsys):
    benchmark_command.show(planted())
    printed = capsys.readouterr().out
    assert "owned" in printed
    assert [sign for sign in DANGEROUS if sign in printed] == []
    # Markup of the terminal library is text, too.
    assert "[red]" in printed


def test_the_page_runs_nothing_and_loads_nothing():
    page = html(planted())
    assert "owned" in page
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 5
    assert [sign for sign in DANGEROUS if sign in page] == []
    for word in ("http://", "https://", "onerror", "javascript:"):
        assert word not in page


def test_markdown_holds_its_tables_and_no_html():
    text = markdown(planted())
    assert "<script" not in text.replace("\\<script", "")
    assert [sign for sign in DANGEROUS if sign in text] == []
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line.replace("\\|", "").count("|") for line in rows[:3]}) == 1
    assert not any(line.startswith("# head") for line in text.splitlines())


@pytest.mark.parametrize("words", [["a.json", "b.json"], ["b.json", "a.json"], ["a.json", "a.json", "--json"]])
def test_comparing_it_commands_nothing(stored, capsys, words):
    assert main(["compare", *words]) == 0
    printed = capsys.readouterr()
    assert [sign for sign in DANGEROUS if sign in printed.out + printed.err] == []
