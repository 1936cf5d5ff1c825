"""Small image sets that a tiny network can learn: each class is a colour, with noise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from fv_core.imageset import Header, ImageSet, Split, content_hash, write_header
from fv_train.backbones import BACKBONES, Backbone
from fv_train.recipe import Recipe, load_recipe
from tests.train._tiny import TINY

CLASSES = ("red", "green", "blue")


def tiny_backbone(input_size: int, alpha: float, minimalistic: bool, weights: str | None) -> keras.Model:
    """A network of the shape of ours (rescaling, convolutions, BatchNorm) that compiles in a second."""
    x = inputs = keras.Input((input_size, input_size, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(x)
    for filters in (8, 16):
        x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    return keras.Model(inputs, x)


@contextmanager
def with_tiny_backbone() -> Iterator[None]:
    """Put `tiny` into the table of backbones, and take it out again."""
    BACKBONES["tiny"] = Backbone(tiny_backbone, ("alpha", "minimalistic"), "these tests")
    try:
        yield
    finally:
        del BACKBONES["tiny"]


def imageset(folder: Path, *, per_class: int = 12, size: int = 40, seed: int = 0) -> ImageSet:
    """`per_class` training and four validation pictures of each of three colours."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    splits = [_split("train", per_class, size, random), _split("validation", 4, size, random)]
    for split in splits:
        np.save(folder / f"{split.name}.images.npy", split.images)
        np.save(folder / f"{split.name}.labels.npy", split.labels)
        (folder / f"{split.name}.ids.txt").write_text("".join(f"{name}\n" for name in split.ids))
    counts = {split.name: len(split) for split in splits}
    digest = content_hash(CLASSES, splits)
    write_header(folder, Header(CLASSES, size, counts, "folder:colours", "centre square", (), digest))
    return ImageSet.open(folder)


def _split(name: str, per_class: int, size: int, random: np.random.Generator) -> Split:
    labels = np.repeat(np.arange(3, dtype=np.int32), per_class)
    images = random.integers(0, 80, (len(labels), size, size, 3), dtype=np.uint8)
    images[np.arange(len(labels)), :, :, labels] += 150
    return Split(name, images, labels, tuple(f"{name}/{i}.png" for i in range(len(labels))))


def tiny_recipe(*settings: str) -> Recipe:
    """`plates_quick` made tiny, with `settings` on top."""
    return load_recipe("plates_quick", (*TINY, *settings))


def narrow_recipe(*settings: str) -> Recipe:
    """The narrowest real network: MobileNetV3Small without squeeze-and-excite."""
    return tiny_recipe("model.backbone=mobilenetv3small", "model.alpha=0.25", "model.minimalistic=true", *settings)
