"""The documentation says what the program does: commands exist, generated parts are up to date, links lead on."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from fv_cli.group import command_line
from tests.architecture.house import ROOT

WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs/guides").glob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def lines() -> list[tuple[str, str]]:
    """Every command line in a block of shell: (file, line)."""
    found = []
    for path in WRITTEN:
        for block in BLOCK.findall(path.read_text(encoding="utf-8")):
            found += [(path.name, line) for line in block.splitlines() if line.strip()]
    return found


def typed(program: str) -> list[str]:
    return [line for _, line in lines() if line.split()[0] == program]


def understand(words: list[str]) -> None:
    """Let the command line parse the words, down to the innermost command, and run nothing."""
    command, name = command_line(), "fv"
    context = None
    while True:
        context = command.make_context(name, list(words), parent=context)
        rest = [*context._protected_args, *context.args]
        if not hasattr(command, "resolve_command") or not rest:
            return
        name, command, words = command.resolve_command(context, rest)


def test_there_are_commands_to_test() -> None:
    assert len(typed("fv")) > 15
    assert typed("make")


@pytest.mark.parametrize("line", typed("fv"))
def test_a_line_of_the_documentation_is_understood(line: str) -> None:
    understand(shlex.split(line, comments=True)[1:])


@pytest.mark.parametrize(
    "line", ["fv bake", "fv train", "fv data prepare folder:photos --output x", "fv predict a.onnx"]
)
def test_a_line_that_is_wrong_is_found(line: str) -> None:
    with pytest.raises(typer.TyperException):
        understand(shlex.split(line)[1:])


@pytest.mark.parametrize("line", typed("make"))
def test_a_target_of_the_documentation_exists(line: str) -> None:
    assert shlex.split(line, comments=True)[1] in TARGETS


def test_no_other_program_is_asked_for() -> None:
    known = {"fv", "make", "pip", "scp", "ssh", "python3", "python", "tensorboard"}
    assert {line.split()[0] for _, line in lines()} <= known


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_generated_parts_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "docs/generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
