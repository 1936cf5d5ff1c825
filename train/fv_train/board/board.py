"""A run's board: scalars and the confusion matrix of each epoch, and what the network was shown in each stage.

The scalars are columns of `history.csv`. The matrix is of the selection pictures, the only ones that a training looks
at. The pictures shown are the first batch of the stage, drawn again after its first epoch: everything random is a
function of (seed, stage, epoch, step), so these are the very ones, and no training time is spent on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fv_core.progress import Progress
from fv_core.units import percent_as_text
from fv_train.board.confusion import confusion_picture
from fv_train.board.drawing import as_png
from fv_train.board.events import EventFile
from fv_train.board.shown import shown_picture
from fv_train.checkpoint import EpochRow

_SCALARS = ("learning_rate", "loss", "accuracy", "select_top1", "images_per_s", "waiting_share")


@dataclass(frozen=True)
class Answered:
    """Selection pictures: `labels` (n,) and the network's `answers` (n,), both class numbers."""

    labels: NDArray[Any]
    answers: NDArray[Any]

    def confusion(self, classes: int) -> NDArray[np.int64]:
        """(C, C) counts: rows are true classes, columns answers."""
        counts = np.zeros((classes, classes), dtype=np.int64)
        np.add.at(counts, (self.labels, self.answers), 1)
        return counts


class Board:
    """Writes nothing before the first epoch has ended, and says once when TensorBoard is not installed."""

    def __init__(self, folder: Path, classes: tuple[str, ...], progress: Progress) -> None:
        self._folder = folder
        self._classes = classes
        self._progress = progress
        self._file: EventFile | None = None
        self._missing = False

    def epoch(self, row: EpochRow, answered: Answered) -> None:
        """Add an epoch's scalars and its confusion matrix."""
        file = self._opened(row.epoch)
        if file is None:
            return
        file.scalars(row.epoch, {name: getattr(row, name) for name in _SCALARS})
        found = f"top-1 {percent_as_text(row.select_top1)}"
        title = f"epoch {row.epoch} ({row.stage}): {found}; {len(answered.labels)} selection pictures"
        matrix = confusion_picture(answered.confusion(len(self._classes)), self._classes, title)
        self._picture(file, row.epoch, "confusion", matrix)

    def shown(self, row: EpochRow, seen: NDArray[Any], targets: NDArray[np.float32]) -> None:
        """Add the pictures (n, N, N, 3), 0..255, that the network saw first in the stage of `row`."""
        file = self._opened(row.epoch)
        if file is not None:
            title = f"stage {row.stage}: what the network sees, {seen.shape[1]} px"
            self._picture(file, row.epoch, "augmented", shown_picture(seen, targets, self._classes, title))

    def _opened(self, epoch: int) -> EventFile | None:
        if self._file is None and not self._missing:
            try:
                self._file = EventFile(self._folder, epoch)
            except ModuleNotFoundError as error:
                self._missing = True
                self._progress.say(f"no curves for TensorBoard: {error}; pip install 'fv[train]' brings it")
        return self._file

    @staticmethod
    def _picture(file: EventFile, epoch: int, tag: str, picture: Image.Image) -> None:
        file.picture(epoch, tag, as_png(picture), picture.width, picture.height)
