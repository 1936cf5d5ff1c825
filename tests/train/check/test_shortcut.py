"""The linear model on mean colours: it finds what gives labels away, and finds nothing where nothing does."""

from __future__ import annotations

import numpy as np

from fv_core.imageset import Split
from fv_train.check.shortcut import shortcut


def split(name: str, n: int, seed: int, tint: int) -> Split:
    """Noise of two classes; the second one is redder by `tint`."""
    random = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int32) % 2
    images = random.integers(0, 200, (n, 16, 16, 3)).astype(np.int64)
    images[..., 0] += labels[:, None, None] * tint
    return Split(name, images.astype(np.uint8), labels, tuple(str(i) for i in range(n)))


def test_a_tint_gives_the_label_away() -> None:
    found = shortcut(split("train", 80, 0, 40), split("test", 60, 1, 40))
    assert found.top1 > 0.95
    assert found.chance == 0.5
    assert found.n == 60


def test_noise_gives_nothing_away() -> None:
    found = shortcut(split("train", 80, 0, 0), split("test", 200, 1, 0))
    low, high = found.top1_ci95
    # Wilson's interval at 95 % around a fair coin.
    assert low <= 0.5 <= high
