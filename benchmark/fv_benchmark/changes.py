"""What changed between the full model and a file, picture by picture and class by class.

Some classes lose more than others by chance alone. Each class with changed pictures gets the exact binomial test of its
lost ones among them (McNemar's, one-sided), multiplied by the number of classes that changed at all (Bonferroni): what
stays below 0.05 is a class that lost more than the chance of so many classes explains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from fv_core.predictions import Predictions

LOST, GAINED, STILL_WRONG = "lost", "gained", "still wrong"
# The usual level; the p-value stands beside it.
BEYOND_CHANCE = 0.05


@dataclass(frozen=True)
class Flip:
    """A picture that the two answer differently. `index`: its row among the answers; `id`: its sample id.

    `kind`: `lost` (only the full model is right), `gained` (only the file is) or `still wrong`. Probabilities are those
    that each gives to its own answer.
    """

    index: int
    id: str
    kind: str
    label: str
    full_answer: str
    full_probability: float
    file_answer: str
    file_probability: float


@dataclass(frozen=True)
class ClassLoss:
    """A class that lost more pictures than it gained; `p`: see the module."""

    label: str
    pictures: int
    lost: int
    gained: int
    p: float

    @property
    def drop_pp(self) -> float:
        """The class's own drop."""
        return 100 * (self.lost - self.gained) / self.pictures


def flips(full: Predictions, file: Predictions) -> tuple[Flip, ...]:
    """The pictures with two answers, lost ones first, the surest loss first. Both about the same pictures in order."""
    before, after = full.answers(), file.answers()
    classes = file.classes
    found = [
        Flip(
            index=int(index),
            id=file.ids[index],
            kind=_kind(int(file.labels[index]), int(before[index]), int(after[index])),
            label=classes[file.labels[index]],
            full_answer=classes[before[index]],
            full_probability=float(full.probabilities[index, before[index]]),
            file_answer=classes[after[index]],
            file_probability=float(file.probabilities[index, after[index]]),
        )
        for index in np.flatnonzero(before != after)
    ]
    order = (LOST, GAINED, STILL_WRONG)
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), -one.full_probability)))


def class_losses(full: Predictions, file: Predictions) -> tuple[ClassLoss, ...]:
    """The classes that lost more than they gained, the largest loss of pictures first."""
    right, still = full.correct(), file.correct()
    count = len(file.classes)
    pictures = np.bincount(file.labels, minlength=count)
    lost = np.bincount(file.labels[right & ~still], minlength=count)
    gained = np.bincount(file.labels[~right & still], minlength=count)
    tests = int(((lost + gained) > 0).sum())
    found = []
    for index in np.flatnonzero(lost > gained):
        p = scipy.stats.binomtest(int(lost[index]), int(lost[index] + gained[index]), alternative="greater").pvalue
        found.append(
            ClassLoss(
                label=file.classes[index],
                pictures=int(pictures[index]),
                lost=int(lost[index]),
                gained=int(gained[index]),
                p=min(1.0, float(p) * tests),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.gained - one.lost, one.p, one.label)))


def _kind(label: int, before: int, after: int) -> str:
    if before == label:
        return LOST
    return GAINED if after == label else STILL_WRONG
