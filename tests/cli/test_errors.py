"""How failures read."""

from __future__ import annotations

import errno

import pytest

from fv_cli.errors import Terminated, explain, missing_extra
from fv_core.errors import DiskFull, FvError, MissingExtra


def test_problem_why_and_hint() -> None:
    error = DiskFull("no room to write a.bin", why="disk full", hint="df -h .")
    assert explain(error) == (["error[disk-full]: no room to write a.bin: disk full", "hint: df -h ."], 1)


def test_what_is_not_said_leaves_no_trace() -> None:
    assert explain(FvError("it failed")) == (["error[failed]: it failed"], 1)


def test_escape_codes_and_line_breaks_are_not_obeyed() -> None:
    lines, _ = explain(FvError("label \x1b[2Jx", why="two\nlines", hint="rm\r\n-rf"))
    assert lines == ["error[failed]: label \\x1b[2Jx: two lines", "hint: rm -rf"]


@pytest.mark.parametrize(
    ("module", "hint"),
    [
        ("tensorflow.lite", "pip install 'fv[train]'"),
        ("onnx", "pip install 'fv[export]'"),
        ("ai_edge_litert.interpreter", "pip install 'fv[litert]'"),
        ("onnxruntime", "pip install 'fv[onnx]'"),
    ],
)
def test_a_missing_library_names_its_extra(module: str, hint: str) -> None:
    error = ModuleNotFoundError(f"No module named {module!r}", name=module)
    found = missing_extra(error)
    assert isinstance(found, MissingExtra)
    assert found.hint == hint
    assert explain(error)[1] == 2


def test_a_missing_module_of_our_own_is_a_fault() -> None:
    error = ModuleNotFoundError("No module named 'fv_train.gone'", name="fv_train.gone")
    assert missing_extra(error) is None
    assert explain(error)[0][0] == "error[fault]: ModuleNotFoundError: No module named 'fv_train.gone'"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EFBIG, "disk-full"),
        (errno.EROFS, "not-writable"),
        (errno.EIO, "fault"),
    ],
)
def test_an_error_of_the_operating_system_keeps_its_meaning(number: int, code: str) -> None:
    lines, exit_code = explain(OSError(number, "says the system", "out/a.bin"))
    assert lines[0].startswith(f"error[{code}]: ")
    assert "out/a.bin" in lines[0]
    assert exit_code == 1


def test_no_memory() -> None:
    assert explain(MemoryError())[0][0] == "error[no-memory]: there is not enough memory"


def test_signals() -> None:
    assert explain(KeyboardInterrupt()) == (["interrupted"], 130)
    assert explain(Terminated()) == (["terminated"], 143)
