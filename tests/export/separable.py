"""A tiny classifier that separates pictures without being trained, and the image set and run that belong to it.

Class c of three is a golden picture whose channel c is brightened. Random convolutions, their means, and a dense layer
solved by least squares: enough structure for every rewrite and every kernel, in milliseconds.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fv_core.files import sha256_of_file
from fv_core.golden import draw
from fv_core.imageset import Header, ImageSet, Split, content_hash, write_header
from fv_core.preprocess import Preprocess
from fv_train.run import RunInfo

if TYPE_CHECKING:
    import keras

SIZE = 32
CLASSES = ("red rice", "green soup", "blue fish")
PREPROCESS = Preprocess(store_size=SIZE, crop_fraction=1.0, input_size=SIZE)


def picture(label: int, seed: int) -> NDArray[np.uint8]:
    shades = draw(seed, SIZE).astype(np.int64) // 2
    shades[..., label] += 90
    return shades.clip(0, 255).astype(np.uint8)


def pictures(count: int, first_seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    labels = np.arange(count, dtype=np.int32) % len(CLASSES)
    return np.stack([picture(int(label), first_seed + index) for index, label in enumerate(labels)]), labels


def build(*, fragile: bool = False) -> keras.Model:
    """`fragile`: the features ride on a thousand, so that no 8-bit step can tell them apart."""
    import keras

    keras.utils.set_random_seed(5)
    inputs = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    x = keras.layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.0)(x)
    x = keras.layers.Activation("hard_silu")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.ReLU(6.0)(x)
    if fragile:
        x = keras.layers.Rescaling(1.0, offset=1000.0)(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.Rescaling(1.0, offset=-1000.0)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    features = keras.Model(inputs, x)
    batch, labels = pictures(90, first_seed=1000)
    features(batch.astype(np.float32), training=True)
    found = np.asarray(features(batch.astype(np.float32)))
    centred = np.concatenate([found, np.ones((len(found), 1), np.float32)], axis=1)
    solution, *_ = np.linalg.lstsq(centred, 8.0 * np.eye(3)[labels], rcond=None)
    dense = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(inputs, dense(x))
    dense.set_weights([solution[:-1].astype(np.float32), solution[-1].astype(np.float32)])
    return model


def image_set(folder: Path) -> ImageSet:
    folder.mkdir(parents=True)
    splits = []
    for name, count, seed in (("train", 60, 2000), ("validation", 45, 3000)):
        images, labels = pictures(count, seed)
        ids = tuple(f"{name}/{index}.png" for index in range(count))
        np.save(folder / f"{name}.images.npy", images)
        np.save(folder / f"{name}.labels.npy", labels)
        (folder / f"{name}.ids.txt").write_text("".join(f"{entry}\n" for entry in ids))
        splits.append(Split(name, images, labels, ids))
    counts = {split.name: len(split) for split in splits}
    write_header(folder, Header(CLASSES, SIZE, counts, "folder:pictures", "square", (), content_hash(CLASSES, splits)))
    return ImageSet.open(folder)


def run(folder: Path, model: keras.Model, imageset: ImageSet) -> Path:
    folder.mkdir(parents=True)
    model.save(folder / "model.keras")
    info = RunInfo(
        name=folder.name,
        recipe="by-hand",
        classes=CLASSES,
        preprocess=PREPROCESS,
        dataset_fingerprint=imageset.fingerprint,
        dataset_source=imageset.header.source,
        dataset_path=str(imageset.folder.resolve()),
        selected_on="holdout",
        versions={},
        model_sha256=sha256_of_file(folder / "model.keras"),
    )
    (folder / "manifest.json").write_text(json.dumps(asdict(info)))
    return folder
