"""The pictures that decide about plateaus, early stopping and the best epoch.

In a team every worker answers for its share of them, on a network of its own, and the right answers are added up: all
workers get the same number, and so decide alike.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from fv_core.imageset import ImageSet, Split
from fv_core.preprocess import Preprocess
from fv_train.board.board import Answered
from fv_train.data import hold_out
from fv_train.distribute.team import Team
from fv_train.errors import NothingToTrain
from fv_train.inputs import EvaluationInputs
from fv_train.predict import answers
from fv_train.recipe import Recipe


class Selection:
    """The selection pictures of a run; `len` counts all of them."""

    def __init__(self, split: Split, indices: NDArray[np.int64], recipe: Recipe, stored_size: int, team: Team) -> None:
        """Raises `NothingToTrain` when there are none."""
        if not len(indices):
            raise NothingToTrain("no picture is left to choose the best epoch with", why="every class has only one")
        self._split = split
        self._count = len(indices)
        self._own = indices[team.index :: team.count]
        self._recipe = recipe
        self._stored_size = stored_size
        self._team = team

    def __len__(self) -> int:
        return self._count

    def see(self, input_size: int) -> None:
        """From now on as a network of this input size sees them."""
        self._preprocess = Preprocess(self._stored_size, self._recipe.data.crop_fraction, input_size)
        self._inputs = EvaluationInputs(self._split, self._own, self._preprocess)

    def first(self, count: int) -> NDArray[np.uint8]:
        """Network inputs (n, N, N, 3) of the first n <= `count` of this worker's pictures."""
        return next(EvaluationInputs(self._split, self._own[:count], self._preprocess).batches(count))

    def top1(self, logits: keras.Model, batch_size: int) -> float:
        """Share of all selection pictures that the network answers right; `answered` are this worker's."""
        found = answers(logits, self._inputs.batches(batch_size), batch_size).argmax(axis=1)
        self.answered = Answered(self._inputs.labels, found)
        return self._team.total(int((found == self._inputs.labels).sum())) / self._count


def divided(imageset: ImageSet, recipe: Recipe, team: Team) -> tuple[Split, NDArray[np.int64], Selection]:
    """The training split, which of its pictures are trained on, and the selection pictures."""
    split = imageset.split("train")
    if recipe.select.on == "reported":
        reported = imageset.split(imageset.reported_split())
        kept = np.arange(len(split))
        selection = Selection(reported, np.arange(len(reported)), recipe, imageset.size, team)
    else:
        kept, held = hold_out(split.labels, recipe.select.holdout, recipe.data.seed)
        selection = Selection(split, held, recipe, imageset.size, team)
    if recipe.data.limit:
        kept = np.sort(np.random.default_rng(recipe.data.seed).permutation(kept)[: recipe.data.limit])
    return split, kept, selection
