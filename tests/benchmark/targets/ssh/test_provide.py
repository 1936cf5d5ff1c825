"""`--install`, for real, with wheels of three lines in place of sixty megabytes; over OpenSSH's own server."""

from __future__ import annotations

import json
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from fv_benchmark.device.errors import VenvMissing
from fv_benchmark.targets import TargetOptions, make_target
from fv_benchmark.targets.ssh.errors import RuntimeMissing, WheelsMissing
from fv_core.progress import Silent
from tests.benchmark.targets.ssh.board import NEEDS_SSHD, ON, Board, gone

pytestmark = NEEDS_SSHD


class Spoken(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def wheel(folder: Path, name: str, version: str) -> None:
    folder.mkdir(exist_ok=True)
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")


def bare(board: Board) -> None:
    """A Python without any packages, as a fresh system has."""
    board.program("python3", f'exec {sys.executable} -S "$@"')
    board.start()


@pytest.mark.slow
def test_a_private_environment_is_made_from_wheels_and_said(board: Board, onnx: Path, tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "numpy", "2.99")
    wheel(tmp_path / "wheels", "onnxruntime", "1.99")
    wheel(tmp_path / "wheels", "not_asked_for", "1.0")
    bare(board)
    options = TargetOptions(install=True, wheels=tmp_path / "wheels", clean=True)
    target, progress = make_target(ON, options), Spoken()
    with closing(target):
        target.open([onnx], progress)
        now = target.snapshot()
        below = board.sessions()
        assert target.describe(now, now).facts["environment"] == "fv's own"
        assert (board.home / ".local/share/fv/venv/made-by-fv.json").is_file()
    assert progress.said[0].startswith("installed numpy, onnxruntime on board from 3 wheels")
    assert "Python" in progress.said[1]
    assert "numpy 2.99, onnxruntime 1.99" in progress.said[1]
    assert [path for path in board.home.rglob("*") if path.is_file()] == []
    assert gone(below) == []


def test_without_install_nothing_is_made(board: Board, onnx: Path) -> None:
    bare(board)
    target = make_target(ON, TargetOptions())
    with closing(target), pytest.raises(RuntimeMissing):
        target.open([onnx], Silent())
    assert list(board.home.iterdir()) == []


def test_a_folder_without_the_wheels_is_refused_before_anything_is_sent(
    board: Board, onnx: Path, tmp_path: Path
) -> None:
    wheel(tmp_path / "wheels", "numpy", "2.99")
    bare(board)
    target = make_target(ON, TargetOptions(install=True, wheels=tmp_path / "wheels"))
    with closing(target), pytest.raises(WheelsMissing) as error:
        target.open([onnx], Silent())
    assert "onnxruntime" in error.value.problem
    assert "pip download" in error.value.hint
    assert list(board.home.iterdir()) == []


def test_a_debian_without_its_package_for_environments_is_named(board: Board, onnx: Path) -> None:
    said = {"executable": "/usr/bin/python3", "version": [3, 11, 2], "machine": "aarch64", "bits": 64, "glibc": "2.36"}
    (board.folder / "said.json").write_text(json.dumps({**said, "has_ensurepip": False, "installed": {}}))
    board.program("python3", f"cat >/dev/null; cat {board.folder}/said.json")
    board.start()
    target = make_target(ON, TargetOptions(install=True))
    with closing(target), pytest.raises(VenvMissing) as error:
        target.open([onnx], Silent())
    assert error.value.hint == "ssh board sudo apt install python3-venv"
