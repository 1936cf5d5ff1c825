"""What the network is really shown: a grid of one batch after the compiled augmentation, with the targets in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fv_train.board.drawing import INK, PAPER, SOFT, font, shortened

# Sixteen say what a recipe does; at 160 px each they fit on a screen.
COLUMNS, ROWS = 4, 4
TILE_PX = 160
_GAP, _TEXT_PX, _TITLE_PX = 10, 12, 16


def shown_picture(
    seen: NDArray[Any], targets: NDArray[np.float32], classes: tuple[str, ...], title: str
) -> Image.Image:
    """The first pictures of `seen` (n, N, N, 3), values 0..255, with `targets` (n, C): what each is to be answered."""
    count = min(len(seen), COLUMNS * ROWS)
    rows = -(-count // COLUMNS)
    step_y = TILE_PX + 2 * (_TEXT_PX + 4) + _GAP
    size = (_GAP + COLUMNS * (TILE_PX + _GAP), 2 * _GAP + _TITLE_PX + rows * step_y)
    page = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((_GAP, _GAP), shortened(title, _TITLE_PX, size[0] - 2 * _GAP), fill=INK, font=font(_TITLE_PX))
    for index in range(count):
        x = _GAP + index % COLUMNS * (TILE_PX + _GAP)
        y = 2 * _GAP + _TITLE_PX + index // COLUMNS * step_y
        page.paste(_tile(seen[index]), (x, y))
        for line, words in enumerate(in_words(targets[index], classes)):
            at = (x, y + TILE_PX + 3 + line * (_TEXT_PX + 3))
            words = shortened(words, _TEXT_PX, TILE_PX)
            pen.text(at, words, fill=SOFT if line else INK, font=font(_TEXT_PX))
    return page


def in_words(target: NDArray[np.float32], classes: tuple[str, ...]) -> list[str]:
    """(C,) -> the class, or the two of a mixed picture with their shares, the larger first."""
    order = [int(index) for index in np.argsort(-target, kind="stable")[:2] if target[index] > 0.0]
    if len(order) == 1:
        return [classes[order[0]]]
    return [f"{target[index]:.2f} {classes[index]}" for index in order]


def _tile(picture: NDArray[Any]) -> Image.Image:
    pixels = np.clip(np.round(picture.astype(np.float32)), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).resize((TILE_PX, TILE_PX), Image.Resampling.BILINEAR)
