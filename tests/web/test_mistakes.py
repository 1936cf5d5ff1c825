"""The gallery shows the surest mistakes, and not the same confusion again and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fv_benchmark.web.mistakes import surest_mistakes
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from tests.benchmark.builders import CLASSES, image_set


def predictions(imageset: ImageSet, wrong: dict[int, tuple[int, float]]) -> Predictions:
    """Right with 0.9 everywhere, but for `wrong`: picture → (class, probability)."""
    split = imageset.split("validation")
    labels = np.asarray(split.labels)
    shares = np.full((len(labels), 3), 0.05, dtype=np.float32)
    shares[np.arange(len(labels)), labels] = 0.9
    for index, (answer, share) in wrong.items():
        shares[index] = (1 - share) / 2
        shares[index, answer] = share
    fingerprint = imageset.fingerprint
    return Predictions(split.ids, labels, shares, CLASSES, fingerprint, "validation", "ab" * 32)


def test_the_surest_come_first(tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set")
    found = surest_mistakes(predictions(imageset, {3: (1, 0.6), 25: (2, 0.95), 41: (0, 0.7)}), imageset)
    assert [(one.label, one.answer) for one in found] == [("green", "blue"), ("blue", "red"), ("red", "green")]
    assert np.allclose([one.probability for one in found], [0.95, 0.7, 0.6])
    assert np.array_equal(found[0].picture, imageset.split("validation").images[25])


def test_two_of_one_confusion_are_enough(tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set")
    found = surest_mistakes(predictions(imageset, {n: (1, 0.6 + n / 100) for n in range(10)}), imageset)
    assert len(found) == 2
    assert np.allclose([one.probability for one in found], [0.69, 0.68])


def test_no_more_than_asked_for(tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set")
    wrong = {0: (1, 0.6), 1: (2, 0.7), 20: (0, 0.8), 21: (2, 0.9)}
    assert len(surest_mistakes(predictions(imageset, wrong), imageset, most=3)) == 3


def test_without_mistakes_there_is_no_gallery(tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set")
    assert surest_mistakes(predictions(imageset, {}), imageset) == []


def test_a_picture_that_is_gone_is_left_out(tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set")
    made = predictions(imageset, {3: (1, 0.6), 25: (2, 0.95)})
    renamed = Predictions(
        tuple("gone" if index == 25 else name for index, name in enumerate(made.ids)),
        made.labels, made.probabilities, made.classes, made.dataset_fingerprint, made.split, made.model_sha256,
    )  # fmt: skip
    assert [one.answer for one in surest_mistakes(renamed, imageset)] == ["green"]
