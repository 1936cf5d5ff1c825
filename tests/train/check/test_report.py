"""The report: problems in words, none for a clean set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_core.errors import BadImageSet
from fv_core.progress import Silent
from fv_train.check import CheckReport, check
from fv_train.check.duplicates import Twin
from fv_train.check.shortcut import Shortcut
from tests.train._pictures import imageset

CLEAN = CheckReport(("a", "b"), {"train": (10, 9), "validation": (4, 4)}, (), (), None)
TWIN = Twin("train", "train/1", 0, "validation", "validation/2", 0, exact=True, correlation=1.0)


def test_a_clean_set_has_no_problem() -> None:
    assert CLEAN.problems() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"twins": (TWIN,)}, "1 picture of one split again in another"),
        ({"twins": (replace(TWIN, second_split="train"),)}, "1 picture twice within a split"),
        ({"twins": (replace(TWIN, second_split="train", second_label=1),)}, "with different labels"),
        ({"skipped": ("x", "y")}, "2 pictures that could not be read"),
        ({"counts": {"train": (10, 4)}}, "the smallest has 40% of the largest"),
        ({"counts": {"train": (10, 0)}}, "1 classes without a picture in some split: b"),
        ({"shortcut": Shortcut(0.9, (0.8, 0.95), 50, 0.5)}, "mean colours alone tell 90%"),
    ],
)
def test_each_problem_is_said_alone(change: dict[str, object], words: str) -> None:
    (problem,) = replace(CLEAN, **change).problems()  # type: ignore[arg-type]  # parametrized
    assert words in problem


def test_colours_give_themselves_away(tmp_path: Path) -> None:
    report = check(imageset(tmp_path / "set"), Silent())
    assert report.counts == {"train": (12, 12, 12), "validation": (4, 4, 4)}
    assert report.shortcut is not None
    assert report.shortcut.top1 > 0.9
    assert any("mean colours" in problem for problem in report.problems())
    assert report.to_json()["counts"]["train"] == {"red": 12, "green": 12, "blue": 12}


def test_a_set_that_has_changed_is_refused(tmp_path: Path) -> None:
    made = imageset(tmp_path / "set")
    images = np.load(made.folder / "train.images.npy")
    images[0, 0, 0, 0] ^= 1
    np.save(made.folder / "train.images.npy", images)
    with pytest.raises(BadImageSet):
        check(made, Silent())
