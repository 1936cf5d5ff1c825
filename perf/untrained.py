"""Untrained networks with believable BatchNorm statistics, for timing and for looking at files.

    python perf/untrained.py OUT PICTURES NAME...      NAME: of keras.applications; PICTURES: a folder of photos

Random weights without statistics let the activations vanish, scales degenerate and delegates refuse (docs/findings.md).
A few passes in training mode over photos, with BatchNorm momentum 0, give each layer the statistics of what it sees.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fv_core.preprocess import SUFFIXES, decode, stored_square

if TYPE_CHECKING:
    import keras

PASSES = 3
PICTURES = 32


def photos(folder: Path, size: int, count: int = PICTURES) -> NDArray[np.float32]:
    """(count, size, size, 3) float32 0..255, spread evenly over the folder's pictures."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    chosen = files[:: max(1, len(files) // count)][:count]
    return np.stack([stored_square(decode(file), size) for file in chosen]).astype(np.float32)


def untrained(name: str, batch: NDArray[np.float32], seed: int = 0) -> keras.Model:
    """The network `name` with random weights and the statistics of `batch` (n, size, size, 3)."""
    import keras

    keras.utils.set_random_seed(seed)
    model = getattr(keras.applications, name)(weights=None, input_shape=batch.shape[1:])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    for _ in range(PASSES):
        model(batch, training=True)
    return model


def main(out: Path, pictures: Path, names: list[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    batch = photos(pictures, 224)
    for name in names:
        untrained(name, batch).save(out / f"{name}.keras")
        print(out / f"{name}.keras")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
