"""The command line as a process: help, speed, exit codes, signals. Commands of the test's own are put in the table."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fv_cli import __version__
from fv_cli.group import COMMANDS
from fv_cli.main import main

# The promise of ARCHITECTURE; about 0.07 s was measured on two cores, so a busy machine does not break it.
HELP_LIMIT_S = 0.3


def fv(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fv_cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload]


def test_help_lists_every_command_on_one_line_each() -> None:
    lines = fv("--help").stdout.splitlines()
    for name, line in COMMANDS.items():
        assert f"  {name:<10}  {line}" in lines


def test_help_imports_no_command_and_nothing_heavy() -> None:
    program = """
        import sys
        from fv_cli.main import main
        main(["--help"])
        heavy = {"numpy", "rich", "tensorflow", "keras", "onnx", "scipy", "PIL", "pydantic"} & set(sys.modules)
        commands = {name for name in sys.modules if name.startswith("fv_cli.commands.")}
        sys.exit(f"imported: {heavy | commands}" if heavy | commands else 0)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_help_answers_within_its_limit() -> None:
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        assert fv("--help").returncode == 0
        seconds.append(time.perf_counter() - start)
    # The fastest of some: what else runs on the machine only ever adds.
    assert min(seconds) < HELP_LIMIT_S


def test_no_words_show_the_help() -> None:
    assert fv().stdout == fv("--help").stdout


def test_version() -> None:
    assert fv("--version").stdout == f"fv {__version__}\n"


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("trian",), "No such command 'trian'. Did you mean 'train'?", "fv --help"),
        (("--fast",), "No such option: --fast", "fv --help"),
        (("predict", "model.tflite"), "Missing argument 'pictures'", "fv predict --help"),
        (("doctor", "--jsn"), "No such option: --jsn (Possible options: --json)", "fv doctor --help"),
    ],
)
def test_wrong_usage_is_two_lines_and_exit_code_2(words: tuple[str, ...], message: str, hint: str) -> None:
    done = fv(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"error[usage]: {message}\nhint: {hint}\n"


def with_command(folder: Path, body: str) -> list[str]:
    """The command line of a process in which `fv compare` runs `body` instead."""
    program = f"""
        import sys, time, types, typer
        from pathlib import Path
        from fv_core.errors import MissingPath
        from fv_core.files import whole_file
        import fv_cli.commands
        module = types.ModuleType("fv_cli.commands.compare")
        module.app = typer.Typer()
        sys.modules["fv_cli.commands.compare"] = module

        @module.app.command()
        def compare():
{textwrap.indent(textwrap.dedent(body), " " * 12)}

        from fv_cli.main import main
        sys.exit(main(["compare", *sys.argv[1:]]))
    """
    script = folder / "program.py"
    script.write_text(textwrap.dedent(program), encoding="utf-8")
    return [sys.executable, str(script)]


def run_command(folder: Path, body: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*with_command(folder, body), *words], capture_output=True, text=True, timeout=60, cwd=folder)


def test_an_error_is_two_lines_without_a_stack_trace(tmp_path: Path) -> None:
    done = run_command(tmp_path, "raise MissingPath('no run at a', why='there is none', hint='ls')")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error[missing-path]: no run at a: there is none\nhint: ls\n"


def test_debug_adds_the_stack_trace(tmp_path: Path) -> None:
    done = run_command(tmp_path, "raise MissingPath('no run at a')", "--debug")
    assert done.returncode == 2
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert done.stderr.endswith("error[missing-path]: no run at a\n")


def test_a_fault_of_ours_is_said_so(tmp_path: Path) -> None:
    done = run_command(tmp_path, "raise ZeroDivisionError('x / 0')")
    assert done.returncode == 1
    assert done.stderr == (
        "error[fault]: ZeroDivisionError: x / 0\nhint: this is a fault of fv; run again with --debug and report it\n"
    )


def test_a_command_may_choose_its_exit_code(tmp_path: Path) -> None:
    done = run_command(tmp_path, "raise typer.Exit(3)")
    assert (done.returncode, done.stderr) == (3, "")


@pytest.mark.parametrize(
    ("number", "exit_code", "says"), [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "terminated\n")]
)
def test_a_signal_cleans_up_and_says_one_line(
    tmp_path: Path, number: signal.Signals, exit_code: int, says: str
) -> None:
    body = """
        with whole_file(Path("out.bin")) as temporary:
            temporary.write_bytes(b"half")
            print("ready", flush=True)
            time.sleep(60)
    """
    child = subprocess.Popen(
        with_command(tmp_path, body), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(number)
    _, complaint = child.communicate(timeout=30)
    assert (child.returncode, complaint) == (exit_code, says)
    assert [entry.name for entry in tmp_path.iterdir()] == ["program.py"]


def test_an_interrupt_that_came_through_exec_is_one_like_every_other(tmp_path: Path) -> None:
    """Python would end itself by the signal, although it was handled: dataclasses are made by exec."""
    done = run_command(tmp_path, "exec('raise KeyboardInterrupt')")
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_reader_that_goes_away_is_no_stack_trace(tmp_path: Path) -> None:
    command = with_command(tmp_path, "for _ in range(100_000): print('line')")
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == ""
    child.stderr.close()
    assert child.wait(timeout=30) == 1


def test_libraries_are_quiet_unless_debugging(tmp_path: Path) -> None:
    body = "import warnings; warnings.warn('your model is old')"
    assert run_command(tmp_path, body).stderr == ""
    assert "your model is old" in run_command(tmp_path, body, "--debug").stderr


def test_main_leaves_the_warning_filters_of_its_process_alone(capsys: pytest.CaptureFixture[str]) -> None:
    import warnings

    before = list(warnings.filters)
    assert main(["--version"]) == 0
    assert warnings.filters == before
    assert capsys.readouterr().out == f"fv {__version__}\n"


def test_debug_behind_a_double_dash_is_a_word() -> None:
    done = fv("doctor", "--", "--debug")
    assert done.returncode == 2
    assert "--debug" in done.stderr


def test_the_shell_can_complete_a_command_without_importing_it() -> None:
    asked = {**os.environ, "_FV_COMPLETE": "complete_bash", "COMP_WORDS": "fv ev", "COMP_CWORD": "1"}
    done = fv(env=asked)
    assert done.stdout.split() == ["evaluate"]
    assert done.stderr == ""
