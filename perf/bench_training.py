"""Training against what people write themselves, in one run: reading, preparing, and the step.

    python perf/bench_training.py [PICTURES]     a folder of SPLIT/CLASS/*.jpg; default: food26 under FV_TEST_DATA,
                                                 else plates that are drawn here

- The input pipeline alone: batches from the memory map of a set of 160 px, per core (processor time, not the clock's).
- `fv data prepare` against a pool of threads that decodes, crops and resizes with the same library, one a core; each
  call in a process of its own.
- `fv train`'s steps against `model.fit` over tf.data: same network, pictures, batch, optimizer, crop and mirroring,
  both without XLA, which is slower here (`fv_train.precision`). The peer keeps its pictures in memory, gathers them
  by index, augments whole batches in `map` and prefetches. The share of the step's time that waits for data is ours.
- bfloat16 against float32.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
from harness import Contender, side_by_side

from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from fv_train.data import Batch, Feed, TrainBatches
from fv_train.prepare.options import PrepareOptions
from fv_train.prepare.prepare import prepare
from fv_train.recipe import Recipe, load_recipe

SIZE = 160
BATCH = 64
# Of one call. A call of the peer begins with the first batch of a new iterator, some ten milliseconds of seconds.
STEPS = 6
ROUNDS = 5
PREPARING_ROUNDS = 11
NETWORKS = ("mobilenetv3small", "mobilenetv3large")
PLATES = 400
RATE = 1e-4
CROP_AREA = 0.35
CROP_RATIO = 4 / 3


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="fv-bench-") as text:
        folder = Path(text)
        pictures = Path(arguments[0]) if arguments else _sample() or plates(folder / "plates")
        options = PrepareOptions(f"folder:{pictures}", folder / "set", size=SIZE)
        imageset = prepare(options, Silent())
        pipeline(imageset)
        preparing(pictures, folder)
        for network in NETWORKS:
            training(imageset, network)


def _sample() -> Path | None:
    found = os.environ.get("FV_TEST_DATA")
    return Path(found) / "data/food26" if found else None


def plates(folder: Path) -> Path:
    """Drawn plates of 512 px as JPEG files, class by class."""
    from PIL import Image

    from fv_train import plates as drawn

    for index in range(PLATES):
        split, label = ("validation" if index % 5 == 0 else "train"), index % len(drawn.CLASSES)
        place = folder / split / drawn.CLASSES[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn.draw(label, index)).resize((512, 512)).save(place / f"{index:04}.jpg", quality=85)
    return folder


def recipe_for(network: str, *settings: str) -> Recipe:
    """One stage of every layer under AdamW; crops and mirroring, unless `settings` say more."""
    plain = ("augment.rand_operations=0", "augment.mixup=0", "augment.cutmix=0", "optimizer.ema_decay=0")
    same_rate = ("optimizer.layer_decay=1", "optimizer.head_factor=1", "optimizer.clip_norm=0")
    smaller = (f"data.input_size={SIZE}", "stage.small.input_size=0", f"data.batch_size={BATCH}")
    form = (f"model.backbone={network}", "model.minimalistic=true", "model.weights=none")
    return load_recipe("food101_best_mobilenetv3large", (*plain, *same_rate, *smaller, *form, *settings))


def pipeline(imageset: ImageSet) -> None:
    """Images a second and core, of processor time: other work on the machine does not count."""
    print(f"input pipeline, {SIZE} px, batches of {BATCH}; images for a second of one core (median of {ROUNDS} epochs)")
    split = imageset.split("train")
    for what, settings in {
        "crop, mirror": (),
        "crop, mirror, mixup, cutmix": ("augment.mixup=0.1", "augment.cutmix=1"),
        "the same and RandAugment (2)": ("augment.mixup=0.1", "augment.cutmix=1", "augment.rand_operations=2"),
    }.items():
        recipe = recipe_for(NETWORKS[0], *settings)
        batches = TrainBatches(split, np.arange(len(split)), len(imageset.classes), recipe)
        rates = [_rate(batches, epoch) for epoch in range(ROUNDS + 1)][1:]  # the first one reads the disk
        print(f"  {what:<32} {np.median(rates):10,.0f}   from {min(rates):,.0f} to {max(rates):,.0f}")


def _rate(batches: TrainBatches, epoch: int) -> float:
    before = time.process_time()
    with Feed(batches, 0, epoch, 0) as feed:
        pictures = sum(len(batch.images) for batch in feed)
    return pictures / (time.process_time() - before)


def preparing(pictures: Path, folder: Path) -> None:
    """`fv data prepare` against a pool that does nothing but decode and resize."""
    paths = sorted(pictures.glob("*/*/*.jpg"))
    cores = len(os.sched_getaffinity(0))
    side_by_side(
        f"preparing {len(paths)} pictures at {SIZE} px, {cores} cores; less time is better",
        [
            Contender("decode-and-resize loop, in memory", partial(_loop, paths, cores), len(paths), "images", True),
            Contender("fv data prepare, on disk, hashed", partial(_ours, pictures, folder), len(paths), "images", True),
        ],
        PREPARING_ROUNDS,
    )


def _loop(paths: list[Path], cores: int) -> object:
    with ThreadPoolExecutor(cores) as pool:
        return np.stack(list(pool.map(_square, paths)))


def _ours(pictures: Path, folder: Path) -> object:
    return prepare(PrepareOptions(f"folder:{pictures}", folder / f"prepared-{os.getpid()}", size=SIZE), Silent())


def _square(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def training(imageset: ImageSet, network: str) -> None:
    """`STEPS` steps of ours, of ours in bfloat16, and of the peer, in turns."""
    pictures = STEPS * BATCH
    split = imageset.split("train")
    recipe = recipe_for(network)
    batches = TrainBatches(split, np.arange(len(split)), len(imageset.classes), recipe)
    waited: list[tuple[float, float]] = []
    side_by_side(
        f"training {network}, minimalistic, {SIZE} px, batch {BATCH}, {STEPS} steps; less time is better",
        [
            Contender("fv train", fv_steps(recipe, batches, "float32", waited), pictures, "images"),
            Contender("fv train, bfloat16", fv_steps(recipe, batches, "mixed_bfloat16", []), pictures, "images"),
            Contender("model.fit over tf.data", fit(recipe, split.images, split.labels), pictures, "images"),
        ],
        ROUNDS,
    )
    shares = [wait / whole for wait, whole in waited[1:]]
    print(
        f"  of fv train's time, waiting for data: {np.median(shares):.2%}, at most {max(shares):.2%} of {len(shares)}"
    )


def fv_steps(
    recipe: Recipe, batches: TrainBatches, policy: str, waited: list[tuple[float, float]]
) -> Callable[[], object]:
    """A call takes the next `STEPS` steps of one long training, and notes how long it waited of how long it took."""
    from fv_train.backbones import build
    from fv_train.step import Trainee

    network = build(
        recipe, int(batches.batch(0, 0, 0, batches.order(0, 0)).targets.shape[1]), policy=policy, fused=True
    )
    trainee = Trainee(network, recipe, SIZE, jit=False)
    trainee.start_stage(recipe.stage["full"])
    feed = Endless(batches)

    def work() -> object:
        start, before = time.perf_counter(), feed.waited_s
        for batch in islice(feed, STEPS):
            trainee.run(batch, RATE)
        waited.append((feed.waited_s - before, time.perf_counter() - start))
        return trainee

    return work


class Endless:
    """Epoch after epoch of batches; `waited_s` as of `Feed`."""

    def __init__(self, batches: TrainBatches) -> None:
        self.waited_s = 0.0
        self._batches = self._all(batches)

    def _all(self, batches: TrainBatches) -> Iterator[Batch]:
        for epoch in count():
            with Feed(batches, 0, epoch, 0) as feed:
                for batch in feed:
                    self.waited_s += feed.waited_s
                    feed.waited_s = 0.0
                    yield batch

    def __iter__(self) -> Iterator[Batch]:
        return self._batches


def fit(recipe: Recipe, images: np.ndarray, labels: np.ndarray) -> Callable[[], object]:
    """The same training as a user of Keras writes it; a call takes `STEPS` steps."""
    import keras
    import tensorflow as tf

    from fv_train.backbones import build

    kept, answers = tf.constant(np.ascontiguousarray(images)), tf.constant(labels.astype(np.int32))

    def augmented(chosen: Any) -> tuple[Any, Any]:
        pictures = tf.cast(tf.gather(kept, chosen), tf.float32)
        ratio = tf.exp(tf.random.uniform([BATCH], -np.log(CROP_RATIO), np.log(CROP_RATIO)))
        area = tf.random.uniform([BATCH], CROP_AREA, 1.0)
        height, width = tf.minimum(tf.sqrt(area / ratio), 1.0), tf.minimum(tf.sqrt(area * ratio), 1.0)
        top, left = tf.random.uniform([BATCH]) * (1.0 - height), tf.random.uniform([BATCH]) * (1.0 - width)
        mirrored = tf.random.uniform([BATCH]) < 0.5
        near, far = tf.where(mirrored, left + width, left), tf.where(mirrored, left, left + width)
        boxes = tf.stack([top, near, top + height, far], axis=1)
        return tf.image.crop_and_resize(pictures, boxes, tf.range(BATCH), (SIZE, SIZE)), tf.gather(answers, chosen)

    batches = tf.data.Dataset.range(len(labels)).shuffle(len(labels)).repeat().batch(BATCH, drop_remainder=True)
    batches = batches.map(augmented, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    model = build(recipe, int(labels.max()) + 1).logits
    stage, wanted = recipe.stage["full"], recipe.optimizer
    for layer in model.layers:
        layer.trainable = stage.train == "all"
    model.compile(
        keras.optimizers.AdamW(RATE, weight_decay=wanted.weight_decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return lambda: model.fit(batches, steps_per_epoch=STEPS, shuffle=False, verbose=0)


if __name__ == "__main__":
    main(sys.argv[1:])
