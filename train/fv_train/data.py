"""Batches: which pictures a step sees, and a thread that has them ready.

Training pictures are gathered from the memory map as they are stored and travel as bytes; their resize happens in the
compiled step (`augment`).

The order of an epoch is a permutation drawn from (seed, stage, epoch), the augmentation of a step from
(seed, stage, epoch, step): any step can be had again without the steps before it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from fv_core.imageset import Split
from fv_train.augment import Draw, draw, part_of
from fv_train.distribute.shards import Shards
from fv_train.errors import NothingToTrain
from fv_train.input_limit import Limit, Meter
from fv_train.rand_augment import tables
from fv_train.recipe import Recipe

# Batches that wait in front of the step: enough to ride over one slow read, little memory.
PREFETCH = 4
# Reads and copies release the interpreter's lock; two keep a disk busy and leave the processor to the step.
_FEED_THREADS = 2
ALL_HERE = Shards()


@dataclass(frozen=True)
class Batch:
    """`images` (n, S, S, 3) uint8 stored squares, their `draw`, `targets` (n, C) float32: each row a distribution.

    `tables` (n, 3, 256) uint8: the point operations of RandAugment.
    """

    images: NDArray[np.uint8]
    draw: Draw
    targets: NDArray[np.float32]
    tables: NDArray[np.uint8]


def hold_out(labels: NDArray[np.int32], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices (kept, held out), both ascending: of each class round(share * count) pictures, seeded.

    A class keeps at least one picture for training; one with two or more gives at least one.
    """
    random = np.random.default_rng([seed, len(labels)])
    held = []
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        count = min(max(1, round(share * len(members))), len(members) - 1)
        held.append(members[:count])
    out = np.sort(np.concatenate(held)) if held else np.zeros(0, dtype=np.int64)
    return np.setdiff1d(np.arange(len(labels)), out), out


class TrainBatches:
    """The training pictures of a run, step by step; of each batch the `shards` of this process."""

    def __init__(
        self, split: Split, indices: NDArray[np.int64], classes: int, recipe: Recipe, shards: Shards = ALL_HERE
    ) -> None:
        if len(indices) < 2 or classes < 2:
            raise NothingToTrain(
                f"cannot train on {len(indices)} pictures of {classes} classes",
                why="a classifier needs at least two of each",
                hint="fv data prepare SOURCE --out DIR",
            )
        self._split = split
        self._indices = indices
        self._classes = classes
        self._recipe = recipe
        self.batch_size = min(recipe.data.batch_size, len(indices))
        self.steps = len(indices) // self.batch_size
        self.meter = Meter()
        self._shards = shards
        shards.check(self.batch_size, mixing=bool(recipe.augment.mixup or recipe.augment.cutmix))

    def batch(self, stage: int, epoch: int, step: int, order: NDArray[np.int64]) -> Batch:
        """The batch of one step; `order` is the epoch's `order`."""
        n = self.batch_size
        # Ascending indices read the memory map in the order of the disk; the order within a batch has no meaning.
        chosen = np.sort(order[step * n : (step + 1) * n])
        random = np.random.default_rng([self._recipe.data.seed, stage, epoch, step])
        recipe = self._recipe
        numbers = draw(recipe.augment, random, n, recipe.size_of(stage), recipe.data.crop_fraction)
        targets = np.zeros((n, self._classes), dtype=np.float32)
        targets[np.arange(n), self._split.labels[chosen]] = 1.0
        share = numbers.share[:, None]
        mixed = targets * share + targets[numbers.partner] * (1.0 - share)
        # Everything is drawn for the whole batch; only the pictures of this process are read.
        rows, partners = self._shards.rows(numbers.partner)
        numbers = part_of(numbers, rows, partners)
        with self.meter.reading():
            images = self._split.images[chosen[rows]]
        return Batch(images, numbers, mixed[rows], tables(images, numbers.points))

    def order(self, stage: int, epoch: int) -> NDArray[np.int64]:
        """The pictures of an epoch in the order in which its steps take them; what does not fill a step is left out."""
        return np.random.default_rng([self._recipe.data.seed, stage, epoch]).permutation(self._indices)


class Feed:
    """Batches of one epoch from `first_step` on, made by threads ahead of time; a context manager and an iterator.

    `waited_s` is the time that the reader spent waiting for data so far.
    """

    def __init__(self, batches: TrainBatches, stage: int, epoch: int, first_step: int) -> None:
        self.waited_s = 0.0
        order = batches.order(stage, epoch)
        self._meter = batches.meter = Meter()

        def make(step: int) -> Batch:
            with self._meter.making():
                return batches.batch(stage, epoch, step, order)

        self._make: Callable[[int], Batch] = make
        self._steps = iter(range(first_step, batches.steps))
        self._pool = ThreadPoolExecutor(_FEED_THREADS, thread_name_prefix="fv-feed")
        self._coming: deque[Future[Batch]] = deque()

    def __enter__(self) -> Feed:
        for step in islice(self._steps, PREFETCH):
            self._coming.append(self._pool.submit(self._make, step))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def limit(self, waiting_share: float) -> Limit:
        """What held the reader up so far; `waiting_share`: of its time, spent waiting for data."""
        return self._meter.limit(waiting_share)

    def __iter__(self) -> Iterator[Batch]:
        while self._coming:
            before = time.perf_counter()
            batch = self._coming.popleft().result()
            self.waited_s += time.perf_counter() - before
            for step in islice(self._steps, 1):
                self._coming.append(self._pool.submit(self._make, step))
            yield batch
