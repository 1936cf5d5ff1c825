"""Read the chosen pictures and write them chunk by chunk, within the allowance for those that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice
from typing import TypeVar

from fv_core.preprocess import Pixels
from fv_core.progress import Progress
from fv_train.prepare.catalogue import Catalogue, Sample
from fv_train.prepare.errors import TooManyBadPictures
from fv_train.prepare.options import PrepareOptions
from fv_train.prepare.partial import Partial
from fv_train.prepare.pool import Unreadable, squares
from fv_train.prepare.selection import Splits

# 128 squares of 256 px are 25 MB in memory and at most that much work lost; a journal of Food-101 has 800 lines. Large
# ones leave the disk idle until they are full, and then the last two to be flushed when nobody reads any more.
CHUNK = 128
CHUNK_BYTES = 128 * 256 * 256 * 3
# Bad pictures that an error lists; the others are in the lines above it.
_SHOWN = 5
# Several times a second even where pictures are large.
_TELL_EVERY = 32

Item = TypeVar("Item")


class BadPictures:
    """Tells of every unreadable picture, and raises `TooManyBadPictures` at the first beyond the allowance."""

    def __init__(self, max_bad: float, total: int, progress: Progress) -> None:
        self._max_bad = max_bad
        self._total = total
        self._progress = progress
        self._lines: list[str] = []

    def add(self, sample_id: str, why: str) -> None:
        """Count one more."""
        self._lines.append(f"{sample_id} ({why})")
        self._progress.say(f"skipped {sample_id}: {why}")
        if len(self._lines) > self._max_bad * self._total:
            raise TooManyBadPictures(
                f"{len(self._lines)} of {self._total} pictures cannot be read, --max-bad allows "
                f"{int(self._max_bad * self._total)}",
                why="; ".join(self._lines[-_SHOWN:]),
                hint=f"mend or remove them, or allow more: --max-bad {self._enough():g}",
            )

    def _enough(self) -> float:
        """A rounded share that allows twice as many as were met."""
        return min(0.5, max(0.01, round(2 * len(self._lines) / self._total + 0.005, 2)))


def write_squares(
    catalogue: Catalogue,
    splits: Splits,
    partial: Partial,
    options: PrepareOptions,
    progress: Progress,
    complete: Callable[[str], None],
) -> None:
    """Bring every split of `partial` to its end, from where its journal stands; `complete` is told of each."""
    bad = BadPictures(options.max_bad, sum(map(len, splits.values())), progress)
    done = {name: partial.done(name) for name in splits}
    for skipped in chain.from_iterable(each.skipped for each in done.values()):
        bad.add(skipped, "could not be read before")
    rest = {name: samples[done[name].handled :] for name, samples in splits.items()}
    # One stream for all splits: the next one is read while the end of the last is flushed.
    pictures = chain.from_iterable(catalogue.pictures(name, samples) for name, samples in rest.items())
    with closing(squares(pictures, partial.size, options.worker_count(), catalogue.drawn)) as results:
        for name, samples in splits.items():
            found = zip(rest[name], islice(results, len(rest[name])), strict=True)
            counted = _counted(found, done[name].handled, len(samples), f"prepare {name}", progress)
            for chunk in _chunks(counted, min(CHUNK, max(1, CHUNK_BYTES // (3 * partial.size**2)))):
                kept, skipped_ids = _sorted_out(chunk, bad)
                partial.append(name, kept, len(chunk), skipped_ids)
            complete(name)


def _sorted_out(chunk: list[tuple[Sample, Pixels | Unreadable]], bad: BadPictures) -> tuple[list[Pixels], list[str]]:
    kept: list[Pixels] = []
    skipped: list[str] = []
    for sample, result in chunk:
        if isinstance(result, Unreadable):
            bad.add(sample.id, result.why)
            skipped.append(sample.id)
        else:
            kept.append(result)
    return kept, skipped


def _counted(items: Iterable[Item], done: int, total: int, task: str, progress: Progress) -> Iterator[Item]:
    progress.advance(task, done, total)
    for count, item in enumerate(items, done + 1):
        yield item
        if count % _TELL_EVERY == 0 or count == total:
            progress.advance(task, count, total)


def _chunks(items: Iterable[Item], length: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while chunk := list(islice(rest, length)):
        yield chunk
