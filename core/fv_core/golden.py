"""Golden pictures: eight pictures that anybody can draw again, to the byte, from a seed.

A model file carries their seeds, digests and the answers it gave; whoever holds the file can draw them and check. Only
32-bit integer arithmetic is used, so every language and machine draws the same bytes. A picture is a sum of coloured
discs and bars over a two-colour gradient with a little noise: enough structure for a network to disagree about.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

SEEDS = tuple(range(1, 9))
_MASK = 0xFFFFFFFF


def draw(seed: int, size: int) -> NDArray[np.uint8]:
    """Draw the golden picture `seed`: (size, size, 3) uint8 RGB. `size` from 1 to 4096."""
    if not 1 <= size <= 4096:
        raise ValueError(f"size must be from 1 to 4096, not {size}")
    random = _Xorshift(seed)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.int64)
    picture = _gradient(random, rows, columns, size)
    for _ in range(6):
        _disc_or_bar(random, picture, rows, columns, size)
    noise = ((rows * 7919 + columns * 104729 + seed * 15485863) * 2654435761 & _MASK) >> 7
    picture += ((noise & 15) - 8)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def sha256_of(picture: NDArray[np.uint8]) -> str:
    """Hex SHA-256 of the picture's bytes, rows first, RGB."""
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()


class _Xorshift:
    """Marsaglia's xorshift32 (Journal of Statistical Software 8(14), 2003), shifts 13, 17, 5."""

    def __init__(self, seed: int) -> None:
        self._state = (seed * 2654435761 + 1) & _MASK or 1

    def below(self, limit: int) -> int:
        x = self._state
        x ^= (x << 13) & _MASK
        x ^= x >> 17
        x ^= (x << 5) & _MASK
        self._state = x
        return x % limit

    def colour(self) -> NDArray[np.int64]:
        return np.array([self.below(256) for _ in range(3)], dtype=np.int64)


def _gradient(random: _Xorshift, rows: NDArray[np.int64], columns: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    first, second = random.colour(), random.colour()
    share = (rows * random.below(257) + columns * random.below(257))[..., None] // (2 * size)
    return np.asarray((first * (256 - share) + second * share) // 256)


def _disc_or_bar(
    random: _Xorshift, picture: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64], size: int
) -> None:
    y, x, radius = random.below(size), random.below(size), 1 + random.below(max(1, size // 3))
    if random.below(2):
        inside = (rows - y) ** 2 + (columns - x) ** 2 <= radius * radius
    else:
        inside = (abs(rows - y) * 4 <= radius) & (abs(columns - x) <= radius)
    picture[inside] = (picture[inside] + 3 * random.colour()) // 4
