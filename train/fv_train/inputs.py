"""What a network is evaluated on: pictures of an image set, through `Preprocess.network_input` as everywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fv_core.imageset import Split
from fv_core.preprocess import Preprocess

# Network inputs are kept in memory up to here, else made anew each time.
CACHE_BYTES = 512 << 20
_RESIZE_THREADS = 2
_RESIZE_CHUNK = 64


class EvaluationInputs:
    """Network inputs (N, N, 3) uint8 of chosen pictures of a split, in order, kept in memory where they fit."""

    def __init__(self, split: Split, indices: NDArray[np.int64], preprocess: Preprocess) -> None:
        self.labels = np.asarray(split.labels[indices])
        self._split = split
        self._indices = indices
        self._preprocess = preprocess
        self._cache: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self._indices)

    def batches(self, size: int, *, keep: bool = True) -> Iterator[NDArray[np.uint8]]:
        """(size, N, N, 3) uint8; the last one has what is left. `keep`: they will be asked for again."""
        side = self._preprocess.input_size
        if keep and self._cache is None and len(self) * side * side * 3 <= CACHE_BYTES:
            parts = list(self._made(_RESIZE_CHUNK))
            self._cache = np.concatenate(parts) if parts else np.zeros((0, side, side, 3), dtype=np.uint8)
        if self._cache is None:
            yield from self._made(size)
            return
        for start in range(0, len(self), size):
            yield self._cache[start : start + size]

    def _made(self, size: int) -> Iterator[NDArray[np.uint8]]:
        # Pillow releases the interpreter's lock while it resizes.
        with ThreadPoolExecutor(_RESIZE_THREADS) as pool:
            for start in range(0, len(self), size):
                pictures = self._split.images[self._indices[start : start + size]]
                yield np.stack(list(pool.map(self._preprocess.network_input, pictures)))
