"""The grid of what the network is shown: every picture where it belongs, its target in words."""

from __future__ import annotations

import numpy as np

from fv_train.board.shown import COLUMNS, ROWS, TILE_PX, in_words, shown_picture

CLASSES = ("pizza", "soup", "pho")


def test_a_target_of_one_class_is_its_name() -> None:
    assert in_words(np.array([0, 1, 0], dtype=np.float32), CLASSES) == ["soup"]


def test_a_mixed_target_has_both_names_the_larger_first() -> None:
    assert in_words(np.array([0.3, 0.0, 0.7], dtype=np.float32), CLASSES) == ["0.70 pho", "0.30 pizza"]


def test_every_picture_is_drawn_and_values_beyond_a_byte_are_cut() -> None:
    seen = np.zeros((3, 8, 8, 3), dtype=np.float32)
    seen[0, ..., 0], seen[1, ..., 1], seen[2, ..., 2] = 300.0, 255.4, 200.0
    seen[:, ..., 2][:2] = -20.0
    pixels = np.asarray(shown_picture(seen, np.eye(3, dtype=np.float32), CLASSES, "t"))
    for color in ((255, 0, 0), (0, 255, 0), (0, 0, 200)):
        assert (pixels == color).all(axis=2).sum() == TILE_PX**2


def test_of_a_large_batch_the_first_pictures_are_shown() -> None:
    seen = np.zeros((99, 8, 8, 3), dtype=np.float32)
    targets = np.tile(np.eye(3, dtype=np.float32), (33, 1))
    black = (np.asarray(shown_picture(seen, targets, CLASSES, "")) == 0).all(axis=2).sum()
    assert black == COLUMNS * ROWS * TILE_PX**2
