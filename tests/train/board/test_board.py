"""A run's board: what is written for an epoch, and that a missing TensorBoard is said and stops nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fv_core.progress import Silent
from fv_train.board.board import Answered, Board
from fv_train.checkpoint import EpochRow

ROW = EpochRow(3, "all", 1e-3, 2.0, 0.5, 0.25, 100.0, 0.01, 9.0)
ANSWERED = Answered(np.array([0, 0, 1]), np.array([0, 1, 1]))


class Listening(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def test_the_matrix_counts_answers_by_true_class() -> None:
    assert ANSWERED.confusion(3).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_nothing_is_written_before_the_first_epoch_has_ended(tmp_path: Path) -> None:
    board = Board(tmp_path / "board", ("a", "b"), Silent())
    assert not (tmp_path / "board").exists()
    board.epoch(ROW, ANSWERED)
    board.shown(ROW, np.zeros((2, 8, 8, 3), dtype=np.float32), np.eye(2, dtype=np.float32))
    (path,) = (tmp_path / "board").iterdir()
    written = path.read_bytes()
    assert written.count(b"\x89PNG") == 2
    for tag in (b"confusion", b"augmented", b"select_top1"):
        assert tag in written


def test_without_tensorboard_it_is_said_once_and_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    heard = Listening()
    board = Board(tmp_path / "board", ("a", "b"), heard)
    board.epoch(ROW, ANSWERED)
    board.epoch(ROW, ANSWERED)
    assert len(heard.said) == 1
    assert "pip install 'fv[train]'" in heard.said[0]
    assert not (tmp_path / "board").exists()
