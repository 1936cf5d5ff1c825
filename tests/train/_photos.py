"""Folders of small pictures for the tests of `prepare`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


class Recorder:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.advanced: list[tuple[str, int, int | None]] = []

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        self.advanced.append((task, done, total))

    def say(self, message: str) -> None:
        self.said.append(message)


def save(path: Path, seed: int, width: int = 40, height: int = 32) -> None:
    """A picture of noise; PNG or JPEG by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def photos(root: Path, classes: dict[str, int], suffix: str = ".png", width: int = 40, height: int = 32) -> Path:
    """`classes`: pictures in each class folder (`train/pho`: 5)."""
    for index, (name, count) in enumerate(classes.items()):
        for k in range(count):
            save(root / name / f"{k:03d}{suffix}", 1000 * index + k, width, height)
    return root
