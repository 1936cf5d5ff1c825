"""An image set that is still being written: `.NAME.fv-partial` beside its final place, and a journal of whole chunks.

    journal.jsonl        line 1: the digest of the preparation and the squares' side; then a line for each chunk
    SPLIT.images.npy     header space, then the squares of every chunk in the journal (a torn chunk is cut off)

A chunk's pixels are on the disk (fsync) before its line is, and its line before the next chunk begins; so after
kill -9 or a power cut every line of the journal speaks of pixels that are there. The journal is locked (flock) while
a preparation runs: the kernel lets go of the lock when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from fv_core.errors import DiskFull, NotWritable
from fv_core.files import translated_os_errors
from fv_core.preprocess import Pixels
from fv_core.progress import Progress
from fv_train.prepare.errors import EmptySource, PreparationRunning, TooManyBadPictures

JOURNAL = "journal.jsonl"


@dataclass
class Done:
    """What the journal says of one split: samples handled, squares written, ids that could not be read."""

    handled: int = 0
    written: int = 0
    skipped: list[str] = field(default_factory=list)


class Partial:
    """The folder, opened and locked by `opened`."""

    def __init__(self, folder: Path, journal: IO[str], size: int, done: dict[str, Done]) -> None:
        self.folder = folder
        self.size = size
        self._journal = journal
        self._done = done

    def done(self, split: str) -> Done:
        """How far `split` has come."""
        return self._done.setdefault(split, Done())

    def append(self, split: str, squares: Sequence[Pixels], handled: int, skipped: Sequence[str]) -> None:
        """Add one chunk: its squares (size, size, 3), the number of samples it took, ids of those that were bad."""
        done = self.done(split)
        path = self.images_path(split)
        with path.open("r+b" if path.exists() else "wb") as stream:
            offset = self._end_of(done)
            stream.truncate(offset)
            stream.seek(offset)
            for square in squares:
                stream.write(np.ascontiguousarray(square).data)
            stream.flush()
            os.fsync(stream.fileno())
        self._write_line({"split": split, "handled": handled, "written": len(squares), "skipped": list(skipped)})
        _count(done, handled, len(squares), skipped)

    def images_path(self, split: str) -> Path:
        """The squares of one split."""
        return self.folder / f"{split}.images.npy"

    def has_pixels(self) -> bool:
        """Whether every square that the journal speaks of is there."""
        return all(
            self.images_path(split).is_file() and self.images_path(split).stat().st_size >= self._end_of(done)
            for split, done in self._done.items()
        )

    def _end_of(self, done: Done) -> int:
        return len(npy_header(0, self.size)) + done.written * self.size * self.size * 3

    def seal(self, split: str) -> None:
        """Write the header of the finished array; cut off what no line of the journal speaks of."""
        count = self.done(split).written
        with self.images_path(split).open("r+b") as stream:
            header = npy_header(count, self.size)
            stream.write(header)
            stream.truncate(self._end_of(self.done(split)))
            stream.flush()
            os.fsync(stream.fileno())

    def forget_journal(self) -> None:
        """Remove the journal: the folder is complete."""
        (self.folder / JOURNAL).unlink()

    def _write_line(self, entry: dict[str, Any]) -> None:
        self._journal.write(json.dumps(entry) + "\n")
        self._journal.flush()
        os.fsync(self._journal.fileno())


@contextmanager
def opened(out: Path, preparation: str, size: Callable[[], int], progress: Progress) -> Iterator[Partial]:
    """Open the partial folder of `out`: the one that is there, if it has the digest `preparation`, or a new one.

    `size()` gives the squares' side where it has to be found out. On a full disk and where pictures cannot be read
    the folder is removed; after any other end it stays, to go on from. Raises `PreparationRunning`.
    """
    folder = out.with_name(f".{out.name}.fv-partial")
    try:
        with translated_os_errors(out):
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / JOURNAL).open("a+", encoding="utf-8") as journal:
                _lock(journal, out)
                yield _resumed(folder, journal, preparation, progress) or _begun(folder, journal, preparation, size())
    except (DiskFull, NotWritable, TooManyBadPictures, EmptySource):
        shutil.rmtree(folder, ignore_errors=True)
        raise


def npy_header(count: int, size: int) -> bytes:
    """The .npy header of (count, size, size, 3) uint8. NumPy leaves room for a growing first axis: its length is fixed.

    (numpy.lib.format, GROWTH_AXIS_MAX_DIGITS.)
    """
    stream = io.BytesIO()
    shape = (count, size, size, 3)
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def _lock(journal: IO[str], out: Path) -> None:
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PreparationRunning(
            f"{out} is being prepared",
            why="another process has its journal locked",
            hint="wait for it, or choose another --out",
        ) from None


def _resumed(folder: Path, journal: IO[str], preparation: str, progress: Progress) -> Partial | None:
    """The preparation that the journal speaks of; None where there is none, or where it is another or damaged."""
    journal.seek(0)
    lines = journal.read().split("\n")[:-1]  # what stands behind the last newline is a torn line
    if not lines:
        return None
    try:
        entries = [json.loads(line) for line in lines]
        done: dict[str, Done] = {}
        for entry in entries[1:]:
            _count(done.setdefault(entry["split"], Done()), entry["handled"], entry["written"], entry["skipped"])
        begun, size = str(entries[0]["preparation"]), int(entries[0]["size"])
    except (ValueError, KeyError, TypeError):
        begun = ""
    if begun != preparation:
        progress.say("an unfinished preparation of another source or with other options is there: beginning anew")
        return None
    partial = Partial(folder, journal, size, done)
    if not partial.has_pixels():
        progress.say("an unfinished preparation is there, but its pixels are gone: beginning anew")
        return None
    journal.seek(0)
    journal.truncate(sum(len(line.encode()) + 1 for line in lines))
    journal.seek(0, os.SEEK_END)
    progress.say(f"going on after {sum(split.handled for split in done.values())} pictures of an earlier start")
    return partial


def _begun(folder: Path, journal: IO[str], preparation: str, size: int) -> Partial:
    for entry in folder.iterdir():
        if entry.name != JOURNAL:
            entry.unlink()
    journal.seek(0)
    journal.truncate(0)
    partial = Partial(folder, journal, size, {})
    partial._write_line({"preparation": preparation, "size": size})
    return partial


def _count(done: Done, handled: int, written: int, skipped: Sequence[str]) -> None:
    done.handled += handled
    done.written += written
    done.skipped.extend(skipped)
