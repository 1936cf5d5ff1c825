"""How far a model's confidence is from how often it is right.

The expected calibration error is sum over bins of |accuracy − mean confidence| · share of pictures, with 15 bins of
equal width over the top-1 probability (Guo et al. 2017, arXiv 1706.04599, section 3).

Its change from one model to another, on the same pictures, has a paired bootstrap's interval (`scipy.stats.bootstrap`,
percentile): pictures are drawn with both models' answers. Bins of few pictures make either error too large, in every
resample again; in the difference most of that cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from fv_core.predictions import Predictions

_BINS = 15
# As for ratios of latencies: Hesterberg's (2015) lower end, 50 resamples beyond either end of a 95 % interval.
_RESAMPLES = 1_999


@dataclass(frozen=True)
class Bin:
    """Pictures whose top-1 probability lies in one fifteenth of 0..1."""

    confidence: float
    accuracy: float
    pictures: int


@dataclass(frozen=True)
class ErrorChange:
    """How much larger one model's calibration error is than another's, in points, with its two-sided 95 % interval."""

    change_pp: float
    ci95_pp: tuple[float, float]


def reliability(predictions: Predictions) -> tuple[Bin, ...]:
    """The bins that have pictures, from modest to sure."""
    confidence, correct = predictions.probabilities.max(axis=1), predictions.correct()
    bins = _numbers(confidence)
    found = []
    for number in np.unique(bins):
        inside = bins == number
        found.append(Bin(float(confidence[inside].mean()), float(correct[inside].mean()), int(inside.sum())))
    return tuple(found)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """The expected calibration error of all pictures in `bins`, as a share."""
    return sum(abs(one.accuracy - one.confidence) * one.pictures for one in bins) / sum(one.pictures for one in bins)


def error_change(full: Predictions, file: Predictions, seed: int = 0) -> ErrorChange:
    """From the full model to the file; both about the same pictures in the same order. `seed` fixes the resamples."""
    tallies = [
        (_numbers(confidence), confidence - one.correct())
        for one in (full, file)
        for confidence in [one.probabilities.max(axis=1).astype(np.float64)]
    ]

    def change(rows: NDArray[np.int64]) -> float:
        before, after = (
            np.abs(np.bincount(bins[rows], gaps[rows], minlength=_BINS)).sum() / len(rows) for bins, gaps in tallies
        )
        return 100 * float(after - before)

    rows = np.arange(len(full.labels))
    found = scipy.stats.bootstrap(
        (rows,), change, n_resamples=_RESAMPLES, method="percentile", vectorized=False, rng=np.random.default_rng(seed)
    )
    low, high = found.confidence_interval
    return ErrorChange(change(rows), (float(low), float(high)))


def _numbers(confidence: NDArray[np.floating]) -> NDArray[np.int64]:
    """Which bin each probability is in."""
    return np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
