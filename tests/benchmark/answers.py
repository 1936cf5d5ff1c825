"""Answers of two models made up picture by picture, and an image set that they are about."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fv_core.imageset import Header, ImageSet, Split, content_hash, write_header
from fv_core.predictions import Predictions

CLASSES = ("soup", "rice", "fish", "cake", "eggs", "ramen", "tacos")
FINGERPRINT = "fe" * 32


def answers(labels: np.ndarray, chosen: np.ndarray, sure: float = 0.7, model: str = "ab") -> Predictions:
    """The model answers class `chosen` with probability `sure`, the others share the rest alike."""
    probabilities = np.full((len(labels), len(CLASSES)), (1 - sure) / (len(CLASSES) - 1), dtype=np.float32)
    probabilities[np.arange(len(labels)), chosen] = sure
    ids = tuple(f"picture/{index}" for index in range(len(labels)))
    return Predictions(ids, labels.astype(np.int32), probabilities, CLASSES, FINGERPRINT, "validation", model * 32)


def pair(lost: int = 0, gained: int = 0, still_wrong: int = 0, alike: int = 0) -> tuple[Predictions, Predictions]:
    """Full model and file: so many pictures of each kind, then `alike` that both get right."""
    n = lost + gained + still_wrong + alike
    labels = np.arange(n) % len(CLASSES)
    full, file = labels.copy(), labels.copy()
    file[:lost] = (labels[:lost] + 1) % len(CLASSES)
    full[lost : lost + gained] = (labels[lost : lost + gained] + 1) % len(CLASSES)
    both = slice(lost + gained, lost + gained + still_wrong)
    full[both], file[both] = (labels[both] + 1) % len(CLASSES), (labels[both] + 2) % len(CLASSES)
    return answers(labels, full, 0.8), answers(labels, file, 0.6, model="cd")


def image_set(folder: Path, like: Predictions, side: int = 8) -> ImageSet:
    """Grey squares, picture i as dark as i, with the ids and labels of the answers."""
    folder.mkdir(parents=True)
    n = len(like.ids)
    images = np.repeat(np.arange(n, dtype=np.uint8), side * side * 3).reshape(n, side, side, 3)
    split = Split(like.split, images, like.labels, like.ids)
    np.save(folder / f"{like.split}.images.npy", images)
    np.save(folder / f"{like.split}.labels.npy", like.labels)
    (folder / f"{like.split}.ids.txt").write_text("".join(f"{name}\n" for name in like.ids))
    header = Header(CLASSES, side, {like.split: n}, "by hand", "as is", (), content_hash(CLASSES, [split]))
    write_header(folder, header)
    return ImageSet.open(folder)
