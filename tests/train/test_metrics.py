"""Figures on predictions whose answers are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fv_benchmark.stats import wilson_interval
from fv_core.predictions import Predictions
from fv_train.metrics import Confused, measure


def predictions(labels: list[int], answers: list[int], confidence: float = 0.9) -> Predictions:
    classes = ("a", "b", "c", "never")
    shares = np.full((len(labels), 4), (1 - confidence) / 3, dtype=np.float32)
    shares[np.arange(len(labels)), answers] = confidence
    names = tuple(f"{i}.jpg" for i in range(len(labels)))
    return Predictions(names, np.array(labels, dtype=np.int32), shares, classes, "f", "validation", "m")


def test_figures_by_hand() -> None:
    found = measure(predictions([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 0]))
    assert found.top1 == pytest.approx(3 / 6)
    assert found.top1_ci95 == wilson_interval(3, 6)
    assert found.top5 == 1.0
    a, b, c, never = found.classes
    assert (a.precision, a.recall) == (pytest.approx(2 / 4), pytest.approx(2 / 3))
    assert (b.precision, b.recall, b.f1) == (0.5, 0.5, 0.5)
    assert (c.pictures, c.f1) == (1, 0.0)
    assert (never.pictures, never.precision, never.recall, never.f1) == (0, 0.0, 0.0, 0.0)
    assert found.confusion.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert found.most_confused == (Confused("a", "b", 1), Confused("b", "a", 1), Confused("c", "a", 1))


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    # float32 probabilities.
    assert measure(predictions([0] * 10, [0] * 5 + [1] * 5)).calibration_error == pytest.approx(0.4, abs=1e-6)
    assert measure(predictions([0] * 10, [0] * 9 + [1])).calibration_error == pytest.approx(0.0, abs=1e-6)


def test_a_perfect_model_confuses_nothing() -> None:
    found = measure(predictions([0, 1, 2, 3], [0, 1, 2, 3]))
    assert found.top1 == found.mean_f1 == 1.0
    assert found.most_confused == ()


def test_the_mean_f1_is_over_the_classes_that_have_pictures() -> None:
    found = measure(predictions([0, 0, 1, 1], [0, 0, 1, 3]))
    a, b, _, never = found.classes
    assert found.seen() == (a, b)
    assert never.precision == 0.0
    assert found.mean_f1 == pytest.approx((1.0 + 2 / 3) / 2)
