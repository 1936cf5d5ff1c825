"""The confusion matrix as a picture: each cell where it belongs, names at 101 classes, pairs in words."""

from __future__ import annotations

import numpy as np
import pytest

from fv_train.board import confusion as module
from fv_train.board.confusion import _pairs, confusion_picture
from fv_train.board.drawing import PAPER, RIGHT, WRONG

NAMES = tuple(f"c{index}" for index in range(30))


def matrix(classes: int) -> np.ndarray:
    return np.diag(np.full(classes, 4)).astype(np.int64)


def colors(picture: object) -> set[tuple[int, int, int]]:
    return {color for _, color in picture.getcolors(1 << 24)}  # type: ignore[attr-defined]  # a Pillow image


def test_a_perfect_matrix_has_no_mistake_in_it() -> None:
    found = colors(confusion_picture(matrix(30), NAMES, "t"))
    assert RIGHT in found
    assert WRONG not in found


def test_a_mistake_is_drawn_in_its_row_and_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAIRS", 0)
    counts = matrix(30)
    counts[2, 2], counts[2, 7] = 0, 4
    pixels = np.asarray(confusion_picture(counts, NAMES, "t"))
    rows, columns = np.nonzero((pixels == WRONG).all(axis=2))
    diagonal_rows, diagonal_columns = np.nonzero((pixels == RIGHT).all(axis=2))
    cell = 18
    origin_row, origin_column = diagonal_rows.min() - 1, diagonal_columns.min() - 1
    assert (rows.min() - origin_row) // cell == 2
    assert (columns.min() - origin_column) // cell == 7
    assert (rows.max() - rows.min(), columns.max() - columns.min()) == (cell - 2, cell - 2)


def test_a_class_without_pictures_is_an_empty_row() -> None:
    counts = matrix(3)
    counts[1, 1] = 0
    assert confusion_picture(counts, NAMES[:3], "t").size[0] > 0


# (classes, pixels of text beside the matrix are there)
@pytest.mark.parametrize(("classes", "named"), [(3, True), (101, True), (400, False)])
def test_names_stand_there_while_they_can_be_read(classes: int, named: bool) -> None:
    names = tuple(f"a_dish_with_a_name_{index}" for index in range(classes))
    pixels = np.asarray(confusion_picture(matrix(classes), names, ""))
    rows, columns = np.nonzero((pixels == RIGHT).all(axis=2))
    beside = pixels[rows.min() : rows.max(), : columns.min() - 3]
    assert bool((beside != PAPER).any()) == named


def test_the_most_confused_pairs_are_named_largest_first() -> None:
    counts = matrix(3)
    counts[0, 2], counts[1, 0] = 1, 3
    assert _pairs(counts, ("pizza", "soup", "pho")) == ["3 x soup answered pizza", "1 x pizza answered pho"]
    assert _pairs(matrix(3), ("pizza", "soup", "pho")) == []
