"""Which Pythons a device has: asked over OpenSSH's own server."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from fv_benchmark.errors import BadAnswer
from fv_benchmark.targets import TargetOptions, make_target
from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.connection import Connection
from fv_benchmark.targets.ssh.errors import DevicePythonMissing
from fv_benchmark.targets.ssh.pythons import RemotePython, _python, find_pythons
from fv_core.progress import Silent
from tests.benchmark.targets.ssh.board import ALIAS, NEEDS_SSHD, ON, Board

pytestmark = NEEDS_SSHD


def found() -> list[RemotePython]:
    connection = Connection(Address(ALIAS))
    with closing(connection):
        connection.open()
        return find_pythons(connection)


def answering(board: Board, text: str) -> None:
    """Make the device's Python print `text` whatever it is asked."""
    (board.folder / "said.txt").write_text(text)
    board.program("python3", f"cat >/dev/null; cat {board.folder}/said.txt")
    board.start()


def test_this_python_is_described(started: Board) -> None:
    (one,) = found()
    assert one.executable == sys.executable
    assert one.version == sys.version_info[:3]
    assert one.installed["numpy"] == np.__version__
    assert one.words().startswith(f"Python {one.release}")
    assert not one.is_ours


def test_one_python_under_two_names_is_asked_once(board: Board) -> None:
    (board.bin / "python3.11").symlink_to(board.bin / "python3")
    board.start()
    assert len(found()) == 1


def test_fvs_own_environment_comes_first(board: Board) -> None:
    own = board.home / ".local/share/fv/venv/bin/python"
    own.parent.mkdir(parents=True)
    own.write_text((board.bin / "python3").read_text())
    own.chmod(0o755)
    board.start()
    assert len(found()) == 2


def test_no_python_at_all(board: Board, onnx: Path) -> None:
    (board.bin / "python3").unlink()
    board.start()
    target = make_target(ON, TargetOptions())
    with closing(target), pytest.raises(DevicePythonMissing) as error:
        target.open([onnx], Silent())
    assert "no python3" in error.value.why
    assert "apt install python3" in error.value.hint
    assert error.value.code == "device-python-missing"


OLD = (
    '{"executable": "/usr/bin/python3", "version": [3, 9, 2], "machine": "armv7l", "bits": 32, "glibc": "2.31", '
    '"has_ensurepip": false, "installed": {"numpy": null}}'
)


def test_a_python_that_is_too_old(board: Board) -> None:
    answering(board, OLD)
    with pytest.raises(DevicePythonMissing) as error:
        found()
    assert "3.9.2" in error.value.why


@pytest.mark.parametrize(
    "said",
    [
        "{}",
        OLD.replace("3, 9, 2", "3, 99"),
        OLD.replace("/usr/bin/python3", "python3; touch owned"),
        OLD.replace("/usr/bin/python3", "/usr/bin/\\npython3"),
        OLD.replace("armv7l", "\\u001b[2J"),
        OLD.replace('{"numpy": null}', '{"evil": "1"}'),
        OLD.replace('{"numpy": null}', '{"numpy": "1 && rm"}'),
        OLD[:-1] + ', "more": 1}',
    ],
)
def test_a_python_that_describes_itself_as_nobody_does(said: str) -> None:
    with pytest.raises(BadAnswer):
        _python(said)


def test_a_python_that_answers_nonsense(board: Board) -> None:
    answering(board, "Python was not found")
    with pytest.raises(BadAnswer):
        found()


def test_a_login_that_is_no_shell(board: Board) -> None:
    board.options.append('ForceCommand case "$SSH_ORIGINAL_COMMAND" in echo*) eval "$SSH_ORIGINAL_COMMAND";; esac')
    board.start()
    with pytest.raises(BadAnswer) as error:
        found()
    assert "uname" in error.value.hint
