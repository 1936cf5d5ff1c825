"""How far a model's confidence is from how often it is right.

The expected calibration error is sum over bins of |accuracy − mean confidence| · share of pictures, with 15 bins of
equal width over the top-1 probability (Guo et al. 2017, arXiv 1706.04599, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fv_core.predictions import Predictions

_BINS = 15


@dataclass(frozen=True)
class Bin:
    """Pictures whose top-1 probability lies in one fifteenth of 0..1."""

    confidence: float
    accuracy: float
    pictures: int


def reliability(predictions: Predictions) -> tuple[Bin, ...]:
    """The bins that have pictures, from modest to sure."""
    confidence, correct = predictions.probabilities.max(axis=1), predictions.correct()
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    found = []
    for number in np.unique(bins):
        inside = bins == number
        found.append(Bin(float(confidence[inside].mean()), float(correct[inside].mean()), int(inside.sum())))
    return tuple(found)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """The expected calibration error of all pictures in `bins`, as a share."""
    return sum(abs(one.accuracy - one.confidence) * one.pictures for one in bins) / sum(one.pictures for one in bins)
