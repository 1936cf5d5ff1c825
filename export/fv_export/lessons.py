"""The pictures of a fine-tuning: which ones each step sees, and which are held out to see whether it helps.

Whole batches of a permutation drawn from (seed, epoch), augmentation from (seed, epoch, step): any step can be had
again without the steps before it.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fv_core.imageset import ImageSet
from fv_core.preprocess import Preprocess
from fv_export.errors import FinetuneRefused
from fv_export.graph import Floats, Graph
from fv_export.pictures import stratified
from fv_train.augment import draw
from fv_train.recipe import Augment

# Steps where no number of epochs is asked for (docs/findings.md, "Fine-tuning through the quantization").
STEPS = 180
# As the network was trained; a larger batch costs more than it adds.
BATCH = 64
# Below, a gradient is mostly noise.
_SMALLEST_BATCH = 8
# Memory for a batch: each tensor's value, the same rounded, and the gradients of both.
_BATCH_BYTES = 4 << 30
_COPIES = 4
# Agreement is known to +-1.4 points (one standard deviation, at 90 %); at most an eighth of the pictures.
_HELD_OUT = 512
_HELD_SHARE = 8
# Mild: the student shall meet what the device will see, not what makes a training hard.
AUGMENT = Augment(flip=True, crop_area=0.6, crop_ratio=1.2)


class Lessons:
    """The training split of an image set (its first split where there is no `train`), cut into steps.

    `epochs` None: `STEPS` steps, whatever that is in epochs. Raises `FinetuneRefused` where there are too few pictures.
    """

    def __init__(self, imageset: ImageSet, preprocess: Preprocess, graph: Graph, epochs: int | None, seed: int) -> None:
        names = imageset.split_names()
        self._split = imageset.split("train" if "train" in names else names[0])
        self._preprocess = preprocess
        self._seed = seed
        count = len(self._split)
        held = min(_HELD_OUT, count // _HELD_SHARE)
        if held < 1:
            raise FinetuneRefused(
                f"{count} pictures are too few for fine-tuning",
                why="some must be held out to see whether it helps",
                hint="add --data IMAGESET with some hundred pictures",
            )
        self._held = stratified(np.asarray(self._split.labels), held, seed)
        self._taught = np.setdiff1d(np.arange(count), self._held)
        # `steps`: of the whole fine-tuning; `epoch_steps`: of one pass over the pictures that are taught.
        self.batch_size = min(batch_size(graph), len(self._taught))
        self.epoch_steps = len(self._taught) // self.batch_size
        self.steps = STEPS if epochs is None else epochs * self.epoch_steps
        self.stored_size = imageset.size
        self.fingerprint = imageset.fingerprint

    def batch(self, step: int) -> tuple[NDArray[np.uint8], Floats]:
        """Stored squares (n, S, S, 3) and their augmentation (n, FIELDS) for a step, counted from 0."""
        epoch, place = divmod(step, self.epoch_steps)
        order = np.random.default_rng([self._seed, epoch]).permutation(self._taught)
        # Ascending indices read the memory map in the order of the disk; the order within a batch has no meaning.
        chosen = np.sort(order[place * self.batch_size : (place + 1) * self.batch_size])
        random = np.random.default_rng([self._seed, epoch, place])
        size = self._preprocess.input_size
        numbers = draw(AUGMENT, random, self.batch_size, size, self._preprocess.crop_fraction)
        return np.asarray(self._split.images[chosen]), numbers.parameters

    @cached_property
    def held_out(self) -> NDArray[np.uint8]:
        """Network inputs (n, N, N, 3) of the pictures that are never taught."""
        return np.stack([self._preprocess.network_input(np.asarray(self._split.images[index])) for index in self._held])


def batch_size(graph: Graph) -> int:
    """Pictures in a batch: `BATCH`, fewer where a network of that size would not fit into `_BATCH_BYTES`."""
    per_picture = _COPIES * 4 * sum(math.prod(shape) for shape in graph.shapes.values())
    return max(_SMALLEST_BATCH, min(BATCH, _BATCH_BYTES // per_picture))
