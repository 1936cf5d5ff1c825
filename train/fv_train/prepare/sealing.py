"""A split that is complete gets its header, labels and ids, and goes into the fingerprint while the next one is read.

The fingerprint (`content_hash`) takes the splits in the order of their names and reads every pixel: seconds for each
ten thousand squares of 256 px. A thread of its own does it behind the writing, as long as splits come in that order
(`train`, `validation`); what is left is done at the end.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from fv_core.files import write_text
from fv_core.imageset import Header, ImageSet, Split, hashed_first, hashed_parts
from fv_train.prepare.errors import EmptySource
from fv_train.prepare.partial import Partial
from fv_train.prepare.selection import Splits


class Sealing:
    """The splits that are complete so far. `header`: of the image set, without counts, skipped and fingerprint."""

    def __init__(self, splits: Splits, partial: Partial, header: Header, pool: ThreadPoolExecutor) -> None:
        self._splits, self._partial, self._header, self._pool = splits, partial, header, pool
        self._left = sorted(splits)
        self._complete: dict[str, Split] = {}
        self._digest = hashlib.sha256(hashed_first(header.classes))
        self._hashed: list[Future[None]] = []
        self.stopped = threading.Event()

    def complete(self, name: str) -> None:
        """The last picture of the split `name` is written; raises `EmptySource` when there is none."""
        skipped = set(self._partial.done(name).skipped)
        kept = [sample for sample in self._splits[name] if sample.id not in skipped]
        if not kept:
            raise EmptySource(f"no picture of the split {name!r} could be read")
        self._partial.seal(name)
        folder = self._partial.folder
        np.save(folder / f"{name}.labels.npy", np.array([sample.label for sample in kept], dtype=np.int32))
        write_text(folder / f"{name}.ids.txt", "".join(f"{sample.id}\n" for sample in kept))
        self._complete[name] = ImageSet(folder, replace(self._header, counts={name: len(kept)})).split(name)
        while self._left and self._left[0] in self._complete:
            self._hashed.append(self._pool.submit(self._add, self._complete[self._left.pop(0)]))

    def header(self) -> Header:
        """The header of the finished image set, once every split is complete."""
        for one in self._hashed:
            one.result()
        return replace(
            self._header,
            counts={name: len(self._complete[name]) for name in self._splits},
            skipped=tuple(sample_id for name in self._splits for sample_id in self._partial.done(name).skipped),
            content_sha256=self._digest.hexdigest(),
        )

    def _add(self, split: Split) -> None:
        for part in hashed_parts(split):
            if self.stopped.is_set():
                return
            self._digest.update(part)


@contextmanager
def sealing(splits: Splits, partial: Partial, header: Header) -> Iterator[Sealing]:
    """A `Sealing`, whose thread ends with the block, however that ends."""
    with ThreadPoolExecutor(1, thread_name_prefix="fv-seal") as pool:
        made = Sealing(splits, partial, header, pool)
        try:
            yield made
        finally:
            made.stopped.set()
