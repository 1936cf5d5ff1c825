"""The wrong answers that a model is surest of: where it was trained wrongly, or where the labels are wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fv_benchmark.render.thumbnails import thumbnail
from fv_core.imageset import Split
from fv_core.predictions import Predictions

# Four rows of six on a desktop; a page with them stays below half a megabyte.
SHOWN = 24


@dataclass(frozen=True)
class Mistake:
    """One wrong answer. `probability`: of the answer; `of_truth`: of the true label. `picture`: source of an `img`."""

    id: str
    true: str
    answer: str
    probability: float
    of_truth: float
    picture: str


def most_confident(predictions: Predictions, split: Split, count: int = SHOWN) -> tuple[Mistake, ...]:
    """The `count` wrong answers with the highest probability, the surest first. `split` holds the pictures."""
    answers, labels, shares = predictions.answers(), predictions.labels, predictions.probabilities
    wrong = np.flatnonzero(answers != labels)
    order = wrong[np.argsort(-shares[wrong, answers[wrong]], kind="stable")][:count]
    row = {name: index for index, name in enumerate(split.ids)}
    return tuple(
        Mistake(
            id=predictions.ids[i],
            true=predictions.classes[labels[i]],
            answer=predictions.classes[answers[i]],
            probability=float(shares[i, answers[i]]),
            of_truth=float(shares[i, labels[i]]),
            picture=thumbnail(split.images[row[predictions.ids[i]]]),
        )
        for i in order
    )
