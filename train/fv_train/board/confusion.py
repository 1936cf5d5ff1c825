"""The confusion matrix as a picture that can be read at 101 classes.

Rows are true classes, columns answers, each cell as strong as its share of the row: blue on the diagonal, red off it.
Names stand at both sides as long as a line of text fits into a cell, counts inside while there are few classes; the
most confused pairs are named below in any case.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fv_train.board.drawing import INK, LINE, PAPER, RIGHT, SOFT, WRONG, blended, font, shortened, upwards, width_of

# (most classes, pixels a cell, pixels of its text; 0: no names). Text below 9 px cannot be read.
_SCALES = ((20, 36, 13), (60, 18, 12), (130, 13, 10), (1000, 3, 0))
_COUNTS_UP_TO = 20
_NAME_PX = 150
_PAIRS = 12
_PAIRS_IN_A_ROW = 3
_MARGIN, _TITLE_PX, _TEXT_PX = 12, 16, 12


def confusion_picture(confusion: NDArray[np.int64], classes: tuple[str, ...], title: str) -> Image.Image:
    """(C, C) counts and the names of the C classes -> a picture."""
    cell, text = next((cell, text) for most, cell, text in _SCALES if len(classes) <= most or most == _SCALES[-1][0])
    names = [shortened(name, text, _NAME_PX) for name in classes] if text else []
    gutter = max((width_of(name, text) for name in names), default=0) + 6
    left, top = _MARGIN + gutter, 2 * _MARGIN + _TITLE_PX + gutter
    side = cell * len(classes)
    below = _pairs(confusion, classes)
    rows = -(-len(below) // _PAIRS_IN_A_ROW)
    width = max(left + side + _MARGIN, _MARGIN * 2 + width_of(title, _TITLE_PX), 640)
    page = Image.new("RGB", (width, top + side + 2 * _MARGIN + (rows + 1) * (_TEXT_PX + 6)), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((_MARGIN, _MARGIN), title, fill=INK, font=font(_TITLE_PX))
    _draw_cells(pen, confusion, left, top, cell, text)
    for index, name in enumerate(names):
        middle = index * cell + (cell - text) // 2 - 1
        pen.text((left - 4 - width_of(name, text), top + middle), name, fill=INK, font=font(text))
        label = upwards(name, text, INK)
        page.paste(label, (left + middle, top - 4 - label.height))
    _draw_pairs(pen, below, top + side + _MARGIN, width)
    return page


def _draw_cells(
    pen: ImageDraw.ImageDraw, confusion: NDArray[np.int64], left: int, top: int, cell: int, text: int
) -> None:
    """The frame, a cell where there is a picture, and a hair line every ten classes."""
    classes = len(confusion)
    side = classes * cell
    for at in range(0, classes, 10):
        pen.line([(left, top + at * cell), (left + side, top + at * cell)], fill=LINE)
        pen.line([(left + at * cell, top), (left + at * cell, top + side)], fill=LINE)
    pen.rectangle([left, top, left + side, top + side], outline=LINE)
    pictures = confusion.sum(axis=1).clip(min=1)
    for row, column in zip(*np.nonzero(confusion), strict=True):
        count = int(confusion[row, column])
        x, y = left + int(column) * cell, top + int(row) * cell
        color = blended(RIGHT if row == column else WRONG, count / int(pictures[row]))
        pen.rectangle([x + 1, y + 1, x + cell - 1, y + cell - 1], fill=color)
        if classes <= _COUNTS_UP_TO:
            shown, strong = str(count), 2 * count > int(pictures[row])
            inside = (x + (cell - width_of(shown, text)) // 2, y + (cell - text) // 2 - 1)
            pen.text(inside, shown, fill=PAPER if strong else INK, font=font(text))


def _pairs(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> list[str]:
    """The most confused pairs in words."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    rows, columns = np.unravel_index(order, wrong.shape)
    return [
        f"{wrong[row, column]} x {classes[row]} answered {classes[column]}"
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if wrong[row, column]
    ]


def _draw_pairs(pen: ImageDraw.ImageDraw, pairs: list[str], top: int, width: int) -> None:
    heading = "rows: true class, columns: answer; most confused:" if pairs else "rows: true class, columns: answer"
    pen.text((_MARGIN, top), heading, fill=SOFT, font=font(_TEXT_PX))
    column = (width - 2 * _MARGIN) // _PAIRS_IN_A_ROW
    for index, pair in enumerate(pairs):
        x = _MARGIN + index % _PAIRS_IN_A_ROW * column
        y = top + (index // _PAIRS_IN_A_ROW + 1) * (_TEXT_PX + 6)
        pen.text((x, y), shortened(pair, _TEXT_PX, column - 8), fill=INK, font=font(_TEXT_PX))
