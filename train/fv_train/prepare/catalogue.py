"""What a source offers: classes, splits of samples, and pictures that can be read in any process.

A source is one module of `sources/`, its name the KIND in `KIND:WHAT`; it binds `SOURCE` to a `Source`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fv_core.preprocess import Pixels
from fv_core.progress import Progress


@dataclass(frozen=True)
class Sample:
    """One labelled picture. `id`: where it comes from, relative to the source's root. `position`: in its split.

    `stamp` changes when the picture's bytes may have changed (size and time of a file); empty where nothing can.
    """

    id: str
    label: int
    position: int
    stamp: str = ""


class Picture(Protocol):
    """A picture that has not been read yet; small enough to be sent to a worker."""

    def short_side(self) -> int:
        """Pixels of its shorter side, from the header alone; raises `BadPicture` or `MissingPath`."""

    def square(self, size: int) -> Pixels:
        """The stored square (size, size, 3) uint8; raises `BadPicture` or `MissingPath`."""


class Catalogue(Protocol):
    """A source that has been opened."""

    @property
    def source(self) -> str:
        """`KIND:WHAT` without a path of this machine; goes into the image set."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names in the data set's own order; the index is the label."""

    @property
    def identity(self) -> str:
        """What else, beside the samples, tells two states of the source apart: a version, a digest."""

    @property
    def drawn(self) -> bool:
        """Whether a picture takes Python's lock most of the time, so that threads would wait for each other."""

    def splits(self) -> dict[str, tuple[Sample, ...]]:
        """Every split, in the source's order, with its samples."""

    def pictures(self, split: str, samples: Sequence[Sample]) -> Iterator[Picture]:
        """The pictures of these samples (of one split, by rising `position`), in order."""


@dataclass(frozen=True)
class Source:
    """`open(what, data_dir, progress)` opens a source; it raises `MissingPath`, or an error of `prepare.errors`."""

    open: Callable[[str, Path | None, Progress], Catalogue]
