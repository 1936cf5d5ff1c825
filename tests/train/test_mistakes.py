"""The surest mistakes: wrong answers only, the most certain first, each with its own picture."""

from __future__ import annotations

import numpy as np

from fv_benchmark.render.thumbnails import thumbnail
from fv_core.imageset import Split
from fv_core.predictions import Predictions
from fv_train.mistakes import most_confident

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
SPLIT = Split("validation", IMAGES, np.array([0, 1, 2, 0], np.int32), ("a", "b", "c", "d"))
SHARES = np.array([[0.9, 0.1, 0.0], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]], np.float32)


def predictions(shares: np.ndarray = SHARES) -> Predictions:
    return Predictions(SPLIT.ids, SPLIT.labels, shares, ("x", "y", "z"), "f" * 64, "validation", "")


def test_wrong_answers_come_surest_first_with_their_pictures() -> None:
    found = most_confident(predictions(), SPLIT)
    assert [(one.id, one.true, one.answer) for one in found] == [("d", "x", "z"), ("c", "z", "y"), ("b", "y", "x")]
    assert found[0].picture == thumbnail(IMAGES[3])
    np.testing.assert_allclose([found[0].probability, found[0].of_truth], [0.8, 0.1], rtol=1e-6)


def test_only_so_many_are_taken() -> None:
    assert [one.id for one in most_confident(predictions(), SPLIT, 1)] == ["d"]


def test_without_a_mistake_there_is_none() -> None:
    assert most_confident(predictions(np.eye(3, dtype=np.float32)[SPLIT.labels]), SPLIT) == ()
