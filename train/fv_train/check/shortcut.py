"""Can the label be told without looking at what is shown?

A linear model on nothing but each picture's mean colour and the mean colour of its four edges is trained on the
training split and asked about the reported one. Where it does well, the pictures of a class share something that has
nothing to do with their content (a camera, a border, a white balance), and a network will learn that first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.stats import wilson_interval
from fv_core.imageset import Split

# A linear model has nothing to gain from more pictures of fifteen numbers.
_MOST = 20_000
_EDGE = 1 / 16


@dataclass(frozen=True)
class Shortcut:
    """`top1` of the linear model on `n` pictures with its 95 % interval, and `chance`: the largest class's share."""

    top1: float
    top1_ci95: tuple[float, float]
    n: int
    chance: float


def shortcut(train: Split, reported: Split, seed: int = 0) -> Shortcut:
    """Train the linear model on `train`, and ask it about `reported`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, labels = _sampled(train, seed)
    y, truth = _sampled(reported, seed)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    model.fit(x, labels)
    right = int((model.predict(y) == truth).sum())
    chance = float(np.bincount(truth).max() / len(truth))
    return Shortcut(right / len(truth), wilson_interval(right, len(truth)), len(truth), chance)


def _sampled(split: Split, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    chosen = np.sort(np.random.default_rng(seed).permutation(len(split))[:_MOST])
    return np.stack([_colours(np.asarray(split.images[i])) for i in chosen]), np.asarray(split.labels[chosen])


def _colours(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(15,): mean colour of the picture, and of its upper, lower, left and right edge."""
    edge = max(1, round(len(image) * _EDGE))
    parts = (image, image[:edge], image[-edge:], image[:, :edge], image[:, -edge:])
    return np.concatenate([part.mean(axis=(0, 1)) for part in parts]).astype(np.float32)
