"""Pictures for a page, as the network's inputs in uint8: cut and resized here, by the one path that all others take."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.accuracy import evenly
from fv_core.imageset import Split
from fv_core.preprocess import Preprocess

# 2.4 MB at 224 pixels: a few chunks a second over a phone's network, and nothing to speak of in its memory.
CHUNK = 16


class ChosenPictures:
    """The pictures of a split that a question is about, chunk by chunk."""

    def __init__(self, split: Split, limit: int | None, preprocess: Preprocess) -> None:
        self._split = split
        self._preprocess = preprocess
        self.chosen: NDArray[np.int64] = evenly(len(split), limit)

    def __len__(self) -> int:
        return len(self.chosen)

    def chunk(self, number: int) -> bytes:
        """Network inputs (n, N, N, 3) uint8 of the pictures from `number` times `CHUNK` on; empty behind the last."""
        part = self.chosen[number * CHUNK : (number + 1) * CHUNK]
        return b"".join(self._preprocess.network_input(self._split.images[index]).tobytes() for index in part)
