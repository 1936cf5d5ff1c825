"""Accuracy figures from stored predictions.

precision = right answers of a class / answers of that class; recall = right answers / pictures of the class; F1 their
harmonic mean (scikit-learn; 0 where a class is never answered or has no pictures). The mean F1 is over the classes that
have pictures: a published network knows 1,000, and is asked about a few. The expected calibration error is
that of `fv_benchmark.reliability`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.reliability import Bin, calibration_error, reliability
from fv_benchmark.stats import wilson_interval
from fv_core.errors import MissingExtra
from fv_core.predictions import Predictions

_PAIRS = 20


@dataclass(frozen=True)
class ClassRow:
    """One class: its label, how many pictures it has, and how well it is recognised."""

    label: str
    pictures: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Confused:
    """`count` pictures of the class `true` were answered `predicted`."""

    true: str
    predicted: str
    count: int


@dataclass(frozen=True)
class Metrics:
    """Everything that is reported of one model on one split. Shares, not percent; intervals are Wilson's at 95 %.

    `confusion` (C, C) int64: rows are true classes, columns answers.
    """

    split: str
    n: int
    top1: float
    top1_ci95: tuple[float, float]
    top5: float
    top5_ci95: tuple[float, float]
    mean_f1: float
    calibration_error: float
    classes: tuple[ClassRow, ...]
    most_confused: tuple[Confused, ...]
    reliability: tuple[Bin, ...]
    confusion: NDArray[np.int64]

    def seen(self) -> tuple[ClassRow, ...]:
        """The classes that have pictures."""
        return tuple(row for row in self.classes if row.pictures)


def measure(predictions: Predictions) -> Metrics:
    """Figures of a model's answers; `MissingExtra` without scikit-learn."""
    try:
        from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
    except ModuleNotFoundError as error:
        raise MissingExtra("scikit-learn is not installed", hint="pip install 'fv[train]'") from error
    every = np.arange(len(predictions.classes))
    answers, labels = predictions.answers(), predictions.labels
    precision, recall, f1, pictures = precision_recall_fscore_support(labels, answers, labels=every, zero_division=0.0)
    confusion = confusion_matrix(labels, answers, labels=every).astype(np.int64)
    n, right, right5 = len(labels), int(predictions.correct().sum()), int(predictions.correct_in_top(5).sum())
    bins = reliability(predictions)
    return Metrics(
        split=predictions.split,
        n=n,
        top1=right / n,
        top1_ci95=wilson_interval(right, n),
        top5=right5 / n,
        top5_ci95=wilson_interval(right5, n),
        mean_f1=float(np.mean(f1[pictures > 0])),
        calibration_error=calibration_error(bins),
        classes=tuple(
            ClassRow(label, int(pictures[i]), float(precision[i]), float(recall[i]), float(f1[i]))
            for i, label in enumerate(predictions.classes)
        ),
        most_confused=_most_confused(confusion, predictions.classes),
        reliability=bins,
        confusion=confusion,
    )


def _most_confused(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> tuple[Confused, ...]:
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    rows, columns = np.unravel_index(order, wrong.shape)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return tuple(Confused(classes[i], classes[j], int(wrong[i, j])) for i, j in pairs if wrong[i, j])
