"""The pictures that a network was surest about and wrong, for a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions

# Two screens of a phone; who wants all of them opens the report of `fv evaluate`.
MOST = 24
# Of one pair of classes: a gallery of the same confusion again and again shows one thing.
_MOST_OF_A_PAIR = 2


@dataclass(frozen=True)
class Mistake:
    """`picture`: the stored square (S, S, 3) uint8. `probability`: of the wrong answer."""

    picture: NDArray[np.uint8]
    label: str
    answer: str
    probability: float


def surest_mistakes(predictions: Predictions, imageset: ImageSet, most: int = MOST) -> list[Mistake]:
    """The mistakes with the highest probability, at most two of one confusion; pictures are found by their ids."""
    split = imageset.split(predictions.split)
    place = {name: index for index, name in enumerate(split.ids)}
    answers = predictions.answers()
    shares = predictions.probabilities[np.arange(len(answers)), answers]
    wrong = np.flatnonzero(~predictions.correct())
    seen: dict[tuple[int, int], int] = {}
    found: list[Mistake] = []
    for index in wrong[np.argsort(-shares[wrong], kind="stable")]:
        pair = (int(predictions.labels[index]), int(answers[index]))
        seen[pair] = seen.get(pair, 0) + 1
        if seen[pair] > _MOST_OF_A_PAIR or predictions.ids[index] not in place:
            continue
        picture = np.asarray(split.images[place[predictions.ids[index]]])
        names = predictions.classes
        found.append(Mistake(picture, names[pair[0]], names[pair[1]], float(shares[index])))
        if len(found) == most:
            break
    return found
