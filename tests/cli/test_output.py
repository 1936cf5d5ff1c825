"""What goes to stdout and to stderr, with and without a terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest

from fv_cli import output


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_results_and_messages_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    output.stdout().print("result")
    output.stderr().print("message")
    output.next_step("fv train plates_quick")
    printed = capsys.readouterr()
    assert printed.out == "result\n"
    assert printed.err == "message\nnext: fv train plates_quick\n"


def test_a_pipe_gets_neither_colour_nor_a_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    output.stdout().print("[red]" + "wide " * 39 + "end")
    assert capsys.readouterr().out == "wide " * 39 + "end\n"


def test_no_color_is_honoured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, has_colour in (("NO_COLOR", False), ("FORCE_NOTHING", True)):
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.delenv("NO_COLOR", raising=False)
            patch.setenv(name, "1")
            patch.setattr(sys, "stdout", terminal)
            output.stdout().print("[red]text")
        assert ("\x1b[31m" in terminal.getvalue()) is has_colour


def test_safe_text_is_shown_as_it_is_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    output.stdout().print(output.safe("[red]a:smile:\x1b[2J\u202eb"))
    assert capsys.readouterr().out == "[red]a:smile:\\x1b[2J\\u202eb\n"


def test_safe_text_leaves_a_label_alone() -> None:
    assert output.safe("crème brûlée (ほうれん草)") == "crème brûlée (ほうれん草)"


def test_json_is_ascii_and_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"label": "crème \x9b"})
    text = capsys.readouterr().out
    assert text.isascii()
    assert text.endswith("}\n")
    assert json.loads(text) == {"label": "crème \x9b"}


def test_json_refuses_what_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        output.print_json({"drop": float("nan")})


def test_without_a_terminal_a_task_is_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress() as progress:
        for done in range(1001):
            progress.advance("photos", done, 1000, "12/s")
        progress.say("two were skipped")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "photos: 0/1000 12/s\nphotos: 1000/1000 12/s\ntwo were skipped\n"


def test_many_short_tasks_do_not_flood_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress() as progress:
        for epoch in range(50):
            progress.advance(f"epoch {epoch}", 0, 10)
            progress.advance(f"epoch {epoch}", 10, 10)
    assert capsys.readouterr().err == "epoch 0: 0/10\nepoch 0: 10/10\n"


def test_a_long_task_says_where_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.time, "monotonic", iter(range(0, 1000, 5)).__next__)
    with output.progress() as progress:
        for done in range(8):
            progress.advance("search", done, 100)
    assert capsys.readouterr().err == "search: 0/100\nsearch: 3/100\nsearch: 6/100\n"


def test_a_command_that_runs_others_silences_their_next_steps(capsys: pytest.CaptureFixture[str]) -> None:
    with output.without_next_steps():
        output.next_step("fv evaluate run")
    output.next_step("fv export run")
    assert capsys.readouterr().err == "next: fv export run\n"


def test_a_task_of_unknown_length(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress() as progress:
        progress.advance("search", 3, None)
    assert capsys.readouterr().err == "search: 3\n"


def test_on_a_terminal_a_task_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with output.progress() as progress:
        progress.advance("photos", 10, 10, "[b]12/s")
        progress.say("two [i]were skipped")
    shown = terminal.getvalue()
    assert "photos" in shown
    assert "10/10" in shown
    assert "[b]12/s" in shown
    assert "two [i]were skipped" in shown


def test_on_a_terminal_bars_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with output.progress() as progress:
        for epoch in range(4):
            progress.advance(f"epoch {epoch}", 10, 10)
    last_frame = terminal.getvalue().rpartition("\x1b[2K")[2]
    assert "epoch 3" in last_frame
    assert "epoch 2" not in last_frame
