"""A small network with everything that the layer report tells apart, and files of it, sound and spoiled on purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fv_core.manifest import Calibration, Manifest
from fv_core.progress import Silent
from fv_export.from_keras import graph_of
from fv_export.graph import Conv, Dense, DepthwiseConv, Graph
from fv_export.schemes import Pair
from fv_export.source import Source, open_source
from fv_export.variants import FromGraph
from tests.export import separable
from tests.export.separable import CLASSES, PREPROCESS, SIZE

if TYPE_CHECKING:
    import keras

FACTOR = 100.0
# Layer of the network -> the tensor that it writes once BatchNorm and activation are taken in.
WRITES = {"first": "first_bn", "depth": "depth_bn", "project": "project", "last": "last_relu", "dense": "dense"}


def network() -> keras.Model:
    """Convolution, depthwise convolution, a residual sum, all with random weights; the dense layer is solved for."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="first")(x)
    x = layers.BatchNormalization(momentum=0.0, name="first_bn")(x)
    kept = layers.Activation("hard_silu", name="first_swish")(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depth")(kept)
    x = layers.BatchNormalization(momentum=0.0, name="depth_bn")(x)
    x = layers.Activation("hard_silu", name="depth_swish")(x)
    x = layers.Conv2D(8, 1, name="project")(x)
    x = layers.Add(name="sum")([kept, x])
    x = layers.Conv2D(16, 1, name="last")(x)
    x = layers.ReLU(name="last_relu")(x)
    features = keras.Model(image, layers.GlobalAveragePooling2D(name="pool")(x))
    batch, labels = separable.pictures(90, first_seed=1000)
    features(batch.astype(np.float32), training=True)
    found = np.asarray(features(batch.astype(np.float32)))
    whole = np.concatenate([found, np.ones((len(found), 1), np.float32)], axis=1)
    solution, *_ = np.linalg.lstsq(whole, 8.0 * np.eye(3)[labels], rcond=None)
    dense = layers.Dense(3, activation="softmax", name="dense")
    model = keras.Model(image, dense(features.output))
    dense.set_weights([solution[:-1].astype(np.float32), solution[-1].astype(np.float32)])
    return model


def saved(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "full.keras"
    network().save(path)
    return path


def write(
    full: Path, folder: Path, pair: Pair, *, spoiled: str = "", calibration: int = 60, method: str = "minmax"
) -> Path:
    """A file of the model; `spoiled`: the layer whose kernel is multiplied by `FACTOR` before anything is done."""
    source = open_source(full, None, None, None)
    graph = graph_of(source.model, source.name, source.input_range)
    graph = replace(graph, nodes=tuple(_times(node, spoiled) for node in graph.nodes))
    inputs, _ = separable.pictures(calibration, first_seed=2000)
    variants = FromGraph(graph, inputs[:2], inputs, method, Silent())
    mark = f"_{spoiled}" if spoiled else ""
    path = folder / f"full{mark}_{pair.scheme}.{pair.format}"
    path.write_bytes(variants.get(pair).write(manifest(source, pair, method)))
    return path


def manifest(source: Source, pair: Pair, method: str) -> Manifest:
    return Manifest(
        name="full",
        scheme=pair.scheme,
        format=pair.format,
        labels=CLASSES,
        labels_from="file",
        preprocess=PREPROCESS,
        source_sha256=source.sha256,
        versions={"fv": "0"},
        calibration=Calibration("0" * 64, "train", 60, 0, method, "0" * 64),
    )


def _times(node: Graph | object, name: str) -> object:
    if isinstance(node, Conv | DepthwiseConv | Dense) and node.name == name:
        return replace(node, kernel=node.kernel * np.float32(FACTOR))
    return node
