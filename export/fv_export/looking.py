"""Calibration pictures go through the network once; everybody who wants to see its tensors looks on.

Histograms and covariances are of the same values, and computing those costs as much as either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fv_export.execute import Executor
from fv_export.graph import Floats, Graph

# All tensors of four pictures of an EfficientNet-B0 at 224 px are 400 MB.
_PICTURES_AT_ONCE = 4

# Called once, gives batches (n, H, W, C) of pixel values 0 to 255.
Batches = Callable[[], Iterator[NDArray[np.generic]]]


class Looker:
    """Somebody who is shown `tensors` of a few pictures at a time."""

    def __init__(self, tensors: tuple[str, ...]) -> None:
        self.tensors = tensors

    def add(self, values: dict[str, Floats]) -> None:
        """Take in {tensor: (n, ...)} of n pictures; what it does not want to see may be there too."""
        raise NotImplementedError


def look(graph: Graph, batches: Batches, lookers: Sequence[Looker]) -> None:
    """Run all pictures through `graph`, a few at a time, and show each to all `lookers`."""
    executor = Executor(graph, [tensor for looker in lookers for tensor in looker.tensors])
    for batch in batches():
        for start in range(0, len(batch), _PICTURES_AT_ONCE):
            values = executor(np.asarray(batch[start : start + _PICTURES_AT_ONCE], np.float32))
            for looker in lookers:
                looker.add(values)
