"""The same picture twice: byte for byte, or nearly so.

A picture of the reported split that was also trained on is not a test of anything; Food-101 figures above 95 % for
small networks come from such leaks. Two steps find them without comparing every pair of pictures:

1. perceptual hash (64 bits of a DCT, the ImageHash library): pairs that differ in at most `HASH_BITS` bits;
2. of these, pairs whose 32 x 32 grey versions correlate by at least `CORRELATION`.

Measured: among the 131 million pairs of a 64-pixel sample of Food-101 three pass both, and all three are one photo
twice (one of them in both official splits); of 3,720 plates drawn alike none does. A picture saved again as JPEG of
quality 60, halved and enlarged, or 20 % brighter passes; a mirrored one does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fv_core.imageset import Split
from fv_core.progress import Progress
from fv_core.text import printable

HASH_BITS = 12
CORRELATION = 0.97
_GREY_SIZE = 32
_SAY_EVERY = 1000


@dataclass(frozen=True)
class Twin:
    """Two pictures that show the same. `exact`: all bytes of the stored squares are equal."""

    first_split: str
    first_id: str
    first_label: int
    second_split: str
    second_id: str
    second_label: int
    exact: bool
    correlation: float

    @property
    def across(self) -> bool:
        """Whether one of them is in another split than the other: a leak."""
        return self.first_split != self.second_split

    @property
    def contradicts(self) -> bool:
        """Whether they have different labels."""
        return self.first_label != self.second_label


def twins(splits: list[Split], progress: Progress) -> list[Twin]:
    """Every pair of pictures that show the same, leaks first."""
    hashes, greys, places = [], [], []
    for split in splits:
        for index in range(len(split)):
            if index % _SAY_EVERY == 0:
                progress.advance(f"hashing {split.name}", index, len(split))
            picture = Image.fromarray(np.asarray(split.images[index]))
            hashes.append(_hash(picture))
            greys.append(_grey(picture))
            places.append((split, index))
        progress.advance(f"hashing {split.name}", len(split), len(split))
    found = []
    for one, other in _near(np.array(hashes, dtype=np.uint64), progress):
        correlation = float(greys[one] @ greys[other])
        first, second = _stored(places[one]), _stored(places[other])
        exact = np.array_equal(first, second)
        if exact or correlation >= CORRELATION:
            found.append(_twin(places[one], places[other], exact, correlation))
    return sorted(found, key=lambda twin: (not twin.across, not twin.exact, -twin.correlation, twin.first_id))


def _hash(picture: Image.Image) -> np.uint64:
    import imagehash

    bits = np.asarray(imagehash.phash(picture).hash).ravel()
    return np.uint64(np.packbits(bits).view(np.uint64)[0])


def _grey(picture: Image.Image) -> NDArray[np.float32]:
    """(1024,) float32 of mean 0 and length 1 (all zero for a picture of one grey): a product is a correlation."""
    small = picture.convert("L").resize((_GREY_SIZE, _GREY_SIZE), Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float32).ravel()
    values = values - values.mean()
    length = float(np.linalg.norm(values))
    return np.asarray(values / length if length else values, dtype=np.float32)


def _near(hashes: NDArray[np.uint64], progress: Progress) -> Iterator[tuple[int, int]]:
    for one in range(len(hashes) - 1):
        if one % _SAY_EVERY == 0:
            progress.advance("comparing", one, len(hashes))
        bits = np.bitwise_count(hashes[one] ^ hashes[one + 1 :])
        for offset in np.flatnonzero(bits <= HASH_BITS):
            yield one, one + 1 + int(offset)
    progress.advance("comparing", len(hashes), len(hashes))


def _stored(place: tuple[Split, int]) -> NDArray[np.uint8]:
    split, index = place
    return np.asarray(split.images[index])


def _twin(one: tuple[Split, int], other: tuple[Split, int], exact: bool, correlation: float) -> Twin:
    (first, i), (second, j) = one, other
    return Twin(
        first_split=first.name,
        first_id=printable(first.ids[i]),
        first_label=int(first.labels[i]),
        second_split=second.name,
        second_id=printable(second.ids[j]),
        second_label=int(second.labels[j]),
        exact=exact,
        correlation=correlation,
    )
