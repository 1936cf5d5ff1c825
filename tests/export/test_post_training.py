from __future__ import annotations

import numpy as np
import pytest

from fv_core.errors import UnknownName
from fv_core.progress import Silent
from fv_export.post_training import METHODS, Observed
from tests.export.small_graphs import conv, graph, pictures, pixels


class Counting(Silent):
    def __init__(self) -> None:
        self.tasks: list[str] = []

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        if done == total:
            self.tasks.append(task)


def observed(progress: Silent) -> Observed:
    return Observed(graph(pixels(), conv("a", "pixels")), pictures(20).astype(np.uint8), progress)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_every_tensor_a_range(method: str) -> None:
    ranges = observed(Silent()).ranges(method, 8)
    assert set(ranges) == {"image", "pixels", "a"}
    assert all(low < high for low, high in ranges.values())


def test_pictures_are_looked_at_once_for_ranges_and_weights() -> None:
    progress = Counting()
    one = observed(progress)
    assert one.ranges("minmax", 8) == one.ranges("minmax", 16)
    assert progress.tasks == ["looking at calibration pictures"]
    assert one.rounded is one.rounded
    assert progress.tasks == ["looking at calibration pictures"]


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UnknownName, match="calibration method"):
        observed(Silent()).ranges("guess", 8)
