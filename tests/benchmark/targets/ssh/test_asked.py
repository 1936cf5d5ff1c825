"""A stranger's model on a device: labels and size are found out there; and numbers that are no probabilities."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from fv_benchmark.answer import Question, answer
from fv_benchmark.errors import BadAnswer, ClassesDiffer
from fv_benchmark.targets import TargetOptions, make_target
from fv_benchmark.targets.ssh.asked import _looked, _probabilities
from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from tests.benchmark.targets.ssh.board import NEEDS_SSHD, ON, Board
from tests.edge_runtime import tiny_models


@NEEDS_SSHD
def test_a_file_without_a_manifest_answers_as_here(started: Board, tmp_path: Path, pictures: ImageSet) -> None:
    path = tmp_path / "theirs.onnx"
    path.write_bytes(tiny_models.onnx_model(channels_first=True).SerializeToString())
    question = Question(pictures.folder, "validation", threads=8, limit=9, input_range=(0.0, 255.0))
    target = make_target(ON, TargetOptions(question=question))
    with closing(target):
        target.open([path], Silent())
        there = target.answers(path, question, Silent())
    assert np.array_equal(there.probabilities, answer(path, question, Silent(), "").probabilities)


@NEEDS_SSHD
def test_other_classes_are_refused(started: Board, tmp_path: Path, pictures: ImageSet) -> None:
    path = tiny_models.onnx_with_manifest(tmp_path / "tiny.onnx", labels=("cyan", "magenta", "yellow"))
    question = Question(pictures.folder, "validation", threads=1, limit=3)
    target = make_target(ON, TargetOptions(question=question))
    with closing(target):
        target.open([path], Silent())
        with pytest.raises(ClassesDiffer):
            target.answers(path, question, Silent())


@pytest.mark.parametrize("numbers", [[np.nan, 0.5], [np.inf, 0.0], [-0.5, 0.5], [7.0, 0.0]])
def test_numbers_that_are_no_probabilities_are_refused(numbers: list[float]) -> None:
    with pytest.raises(BadAnswer):
        _probabilities(np.array(numbers, dtype="<f4").tobytes(), 1, 2)


def test_probabilities_are_taken() -> None:
    values = _probabilities(np.array([[0.25, 0.75], [1.0, 0.0]], dtype="<f4").tobytes(), 2, 2)
    assert values.dtype == np.float32
    assert values.tolist() == [[0.25, 0.75], [1.0, 0.0]]


@pytest.mark.parametrize(
    "said",
    [None, {}, {"input_size": 0, "classes": 2}, {"input_size": 8, "classes": 10**9}, {"input_size": "8", "classes": 2}],
)
def test_a_model_of_no_possible_size_is_refused(said: object) -> None:
    with pytest.raises(BadAnswer):
        _looked(said)
