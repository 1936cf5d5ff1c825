"""What `fv data prepare` is asked to do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fv_core.errors import InputError
from fv_train.prepare.errors import BadSource

# The largest input of the backbones is EfficientNetB1's 240; more than four times that is a slip of the keyboard.
LARGEST_SIZE = 1024
SMALLEST_SIZE = 8
CLASSES = ("own", "imagenet")


@dataclass(frozen=True)
class PrepareOptions:
    """One preparation.

    `source`: KIND:WHAT (`tfds:food101`, `folder:photos`, `builtin:plates`). `out`: the image set's folder. `data_dir`:
    where TFDS keeps its data sets (None: its own default). `size`: side of the stored squares in pixels, an upper
    bound where all pictures are smaller. `split`: only this split of the source. `limit`: at most so many pictures of
    each split, the same share of every class. `classes`: `own` numbers the source's classes as it does; `imagenet` as
    the outputs of a published network (`published`), `rename` being texts OLD=NEW for classes that have another name
    there. `max_bad`: largest share of unreadable pictures that is suffered.
    `workers`: pictures handled at once (None: one a core).
    """

    source: str
    out: Path
    data_dir: Path | None = None
    size: int = 256
    split: str | None = None
    limit: int | None = None
    classes: str = "own"
    rename: tuple[str, ...] = ()
    max_bad: float = 0.001
    workers: int | None = None

    def __post_init__(self) -> None:
        if not SMALLEST_SIZE <= self.size <= LARGEST_SIZE:
            raise InputError(
                f"--size {self.size}",
                why=f"it must be from {SMALLEST_SIZE} to {LARGEST_SIZE} pixels",
                hint="--size 256",
            )
        if self.limit is not None and self.limit < 1:
            raise InputError(f"--limit {self.limit}", why="it must be at least 1", hint="--limit 1000")
        if self.classes not in CLASSES:
            raise InputError(
                f"--classes {self.classes}", why=f"it is {' or '.join(CLASSES)}", hint="--classes imagenet"
            )
        if self.rename and self.classes == "own":
            raise InputError("--rename belongs to --classes", hint=f"--classes imagenet --rename {self.rename[0]}")
        if not 0.0 <= self.max_bad < 1.0:
            raise InputError(f"--max-bad {self.max_bad}", why="it is a share, from 0 to below 1", hint="--max-bad 0.01")
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers {self.workers}", why="it must be at least 1", hint="--workers 2")

    def kind_and_what(self) -> tuple[str, str]:
        """`tfds:food101` -> (`tfds`, `food101`); raises `BadSource` without a colon or with nothing behind it."""
        kind, colon, what = self.source.partition(":")
        if colon and what:
            return kind, what
        is_path = Path(self.source).exists()
        raise BadSource(
            f"cannot tell what kind of source {self.source!r} is",
            why="a source is KIND:WHAT",
            hint=f"fv data prepare folder:{self.source} --out {self.out}" if is_path else "for example builtin:plates",
        )

    def worker_count(self) -> int:
        """`workers`, or the number of cores that this process may use."""
        return self.workers or len(os.sched_getaffinity(0))
