from __future__ import annotations

import numpy as np
import pytest

from fv_export import execute, simulate
from fv_export.calibrate import observe
from fv_export.distill import Distillation
from fv_export.graph import Function, Graph, Mean, Softmax
from fv_export.quantize import annotate
from fv_export.trainable import Student
from fv_train.augment import identity
from tests.export.small_graphs import activation, conv, dense, graph, pictures, pixels

SIDE = 8
RATE = 1e-3


def classifier() -> Graph:
    return graph(
        pixels(),
        conv("a", "pixels", scale=0.3),
        activation("swish", "a", Function.HARD_SWISH),
        Mean(name="mean", inputs=("swish",), output="mean", keep_dims=False),
        dense("logits", "mean", (4, 3)),
        Softmax(name="answer", inputs=("logits",), output="answer"),
    )


def squares(count: int = 32) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return pictures(count, SIDE, seed=9).astype(np.uint8)


@pytest.fixture
def student() -> Student:
    # A range far too narrow: there is something to learn.
    ranges = observe(classifier(), lambda: iter([pictures(20, seed=5)]))
    ranges["swish"] = (ranges["swish"][0], 0.3 * ranges["swish"][1])
    return Student(classifier(), ranges, "int8")


@pytest.fixture
def distillation(student: Student) -> Distillation:
    return Distillation(classifier(), student, SIDE)


def losses(distillation: Distillation, steps: int) -> list[float]:
    return [distillation.step(squares(), identity(32).parameters, RATE) for _ in range(steps)]


def test_the_loss_falls(distillation: Distillation) -> None:
    course = losses(distillation, 30)
    assert course[0] > 0
    assert course[-1] < 0.5 * course[0]


def test_a_rate_of_zero_moves_nothing(distillation: Distillation) -> None:
    distillation.step(squares(), identity(32).parameters, 0.0)
    assert not distillation.position().any()


def test_the_student_stays_inside_its_limits(student: Student, distillation: Distillation) -> None:
    for _ in range(3):
        distillation.step(squares(), identity(32).parameters, 10.0)
    least, most = student.limits()
    position = distillation.position()
    assert ((position >= least) & (position <= most)).all()
    assert (position == most).any()


def test_one_that_goes_on_ends_where_one_that_was_not_stopped_ends(distillation: Distillation) -> None:
    start = distillation.arrays()
    whole = losses(distillation, 6)
    end = distillation.position()
    distillation.restore(start)
    first = losses(distillation, 3)
    middle = distillation.arrays()
    losses(distillation, 2)
    distillation.restore(middle)
    assert first + losses(distillation, 3) == whole
    np.testing.assert_array_equal(distillation.position(), end)


def test_agreement_counts_equal_answers(student: Student, distillation: Distillation) -> None:
    # From black to full noise, so that the answers differ.
    inputs = (pictures(200, SIDE, seed=9) * np.linspace(0, 1, 200)[:, None, None, None]).astype(np.uint8)
    spoiled = np.random.default_rng(1).normal(0, 0.2, student.size).clip(*student.limits())
    distillation.place(spoiled.astype(np.float32))
    batch = inputs.astype(np.float32)
    full = execute.run(classifier(), batch)["answer"].argmax(axis=1)
    learnt, ranges = student.learnt(distillation.position())
    stored = simulate.run(learnt, annotate(learnt, ranges, "int8"), batch)["answer"].argmax(axis=1)
    expected = (full == stored).mean()
    assert 0 < expected < 1
    # Two pictures whose best classes are a rounding apart.
    assert distillation.agreement(inputs) == pytest.approx(expected, abs=0.011)


def test_divergence_is_the_loss_on_whole_pictures(distillation: Distillation) -> None:
    before = distillation.divergence(squares())
    # A rate of zero: the loss of pictures that are not augmented.
    assert distillation.step(squares(), identity(32).parameters, 0.0) == pytest.approx(before, rel=1e-3)
    losses(distillation, 10)
    assert distillation.divergence(squares()) < before
