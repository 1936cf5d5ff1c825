"""A started board, and models and pictures for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fv_core.imageset import ImageSet
from tests.benchmark.builders import image_set
from tests.benchmark.targets.ssh.board import SSHD, Board, made
from tests.edge_runtime import tiny_models


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """A board that has not been started: tests change its settings first."""
    if SSHD is None:
        pytest.skip("sshd is not here: apt-get install openssh-server")
    folder = tmp_path / "board"
    folder.mkdir()
    with made(folder) as one:
        monkeypatch.setenv("FV_SSH", f"ssh -F {folder}/ssh_config")
        monkeypatch.setenv("TMPDIR", "/tmp")  # noqa: S108 - a socket's name has 108 characters at most
        yield one


@pytest.fixture
def started(board: Board) -> Board:
    board.start()
    return board


@pytest.fixture
def tflite(tmp_path: Path) -> Path:
    return tiny_models.with_manifest(tiny_models.float_model(), tmp_path / "tiny_fp32.tflite")


@pytest.fixture
def onnx(tmp_path: Path) -> Path:
    return tiny_models.onnx_with_manifest(tmp_path / "tiny_fp32.onnx")


@pytest.fixture
def pictures(tmp_path: Path) -> ImageSet:
    return image_set(tmp_path / "set")
