"""How often a model file is right, and how much less often than the full model, on the same pictures.

Both models' answers are stored picture by picture (`fv_core.predictions`). They are joined by sample id: neither
another order nor a shorter list can pair a picture with a wrong one. The statistics are those of `fv_benchmark.stats`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.errors import ClassesDiffer, DifferentPictures
from fv_benchmark.stats import agreement, paired_drop, wilson_interval
from fv_core.files import sha256_of_file
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.preprocess import Preprocess
from fv_core.progress import Progress

# Pictures handed to the model file at once: its batch is 1, so this is only how often the progress line moves.
CHUNK = 16


class Answering(Protocol):
    """What `predict_split` needs of a model: `fv_edge_runtime.Classifier` has it, and so have test doubles."""

    @property
    def path(self) -> Path:
        """The model file; its digest goes into the answers."""

    @property
    def labels(self) -> Sequence[str]:
        """Name of each output."""

    @property
    def preprocess(self) -> Preprocess:
        """Stored square to network input."""

    def probabilities(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Network inputs (n, H, W, 3) uint8 -> (n, C) float32."""


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of one file on one split; with the full model's answers, the paired drop as well.

    `top1`, `top5`, `agreement` are shares; `top1_ci95` is Wilson's interval. `drop_pp` (percentage points, positive is
    worse), `drop_ci95_pp`, `agreement` are None where there is nothing to compare with. `n`: pictures.
    `correct_bits`: picture by picture in the split's order whether the answer was right, eight to a byte (the first is
    the highest bit), base64: two reports about the same pictures can still be compared in pairs.
    """

    top1: float
    top1_ci95: tuple[float, float]
    top5: float
    n: int
    drop_pp: float | None
    drop_ci95_pp: tuple[float, float] | None
    agreement: float | None
    dataset_fingerprint: str
    split: str
    correct_bits: str

    def __post_init__(self) -> None:
        self.correct()  # raises for bits that do not belong to n pictures

    def correct(self) -> NDArray[np.bool_]:
        """(n,) whether each picture's answer was right."""
        packed = np.frombuffer(base64.b64decode(self.correct_bits, validate=True), dtype=np.uint8)
        if len(packed) != (self.n + 7) // 8:
            raise ValueError(f"{len(packed)} bytes of answers for {self.n} pictures")
        return np.unpackbits(packed, count=self.n).astype(np.bool_)


def predict_split(
    classifier: Answering,
    imageset: ImageSet,
    split_name: str,
    progress: Progress,
    *,
    limit: int | None = None,
) -> Predictions:
    """The file's answers on every picture of a split, or on `limit` pictures spread evenly over it.

    Outputs are matched with the image set's classes by name; see `columns`, which raises `ClassesDiffer`.
    """
    split = imageset.split(split_name)
    order = columns(classifier.labels, imageset.classes)
    chosen = evenly(len(split), limit)
    found: list[NDArray[np.float32]] = []
    for start in range(0, len(chosen), CHUNK):
        part = chosen[start : start + CHUNK]
        batch = np.stack([classifier.preprocess.network_input(split.images[index]) for index in part])
        found.append(classifier.probabilities(batch)[:, order])
        progress.advance("answering", start + len(part), len(chosen))
    return Predictions(
        ids=tuple(split.ids[index] for index in chosen),
        labels=np.asarray(split.labels)[chosen],
        probabilities=np.concatenate(found),
        classes=imageset.classes,
        dataset_fingerprint=imageset.fingerprint,
        split=split_name,
        model_sha256=sha256_of_file(classifier.path),
    )


def measure_accuracy(predictions: Predictions, full: Predictions | None) -> Accuracy:
    """Accuracy of `predictions`, paired by sample id with those of the full model where given.

    Raises `DifferentPictures` when the full model was not asked about every one of these pictures.
    """
    correct = predictions.correct()
    n = len(predictions.ids)
    drop = same = None
    if full is not None:
        mate = align(predictions, full)
        drop = paired_drop(mate.correct(), correct)
        same = agreement(mate.answers(), predictions.answers())
    return Accuracy(
        top1=float(correct.mean()),
        top1_ci95=wilson_interval(int(correct.sum()), n),
        top5=float(predictions.correct_in_top(5).mean()),
        n=n,
        drop_pp=drop.drop_pp if drop else None,
        drop_ci95_pp=drop.ci95_pp if drop else None,
        agreement=same,
        dataset_fingerprint=predictions.dataset_fingerprint,
        split=predictions.split,
        correct_bits=base64.b64encode(np.packbits(correct).tobytes()).decode("ascii"),
    )


def align(predictions: Predictions, full: Predictions) -> Predictions:
    """The answers of `full` about the pictures of `predictions`, in their order; raises `DifferentPictures`."""
    if predictions.classes != full.classes:
        raise ClassesDiffer(
            "the two models do not name the same classes",
            why=f"{len(full.classes)} classes and {len(predictions.classes)} classes, or in another order",
            hint="compare models that were trained on the same image set",
        )
    row = {name: index for index, name in enumerate(full.ids)}
    missing = [name for name in predictions.ids if name not in row]
    if predictions.dataset_fingerprint != full.dataset_fingerprint or missing:
        raise DifferentPictures(
            "the full model's stored answers are about other pictures",
            why=f"{len(missing)} of {len(predictions.ids)} sample ids are not among them"
            if missing
            else "the image set's fingerprint differs",
            hint="fv evaluate RUN --data IMAGESET",
        )
    order = np.array([row[name] for name in predictions.ids], dtype=np.int64)
    if not np.array_equal(full.labels[order], predictions.labels):
        raise DifferentPictures("the same sample ids carry other labels", why="the image set has changed since")
    return Predictions(
        ids=predictions.ids,
        labels=predictions.labels,
        probabilities=full.probabilities[order],
        classes=full.classes,
        dataset_fingerprint=full.dataset_fingerprint,
        split=full.split,
        model_sha256=full.model_sha256,
    )


def evenly(count: int, limit: int | None) -> NDArray[np.int64]:
    """Indices of `limit` of `count` pictures, spread evenly (splits are often sorted by class); all without a limit."""
    if limit is None or limit >= count:
        return np.arange(count, dtype=np.int64)
    return np.asarray(np.arange(limit, dtype=np.int64) * count // limit)


def columns(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """For each class the index of the model's output of that name.

    A model whose labels are the bare numbers 0…C−1 (nobody knew their names) answers in the classes' own order. Raises
    `ClassesDiffer` when the names are not the same ones.
    """
    if tuple(labels) == tuple(str(index) for index in range(len(classes))):
        return np.arange(len(classes), dtype=np.int64)
    if sorted(labels) != sorted(classes):
        raise ClassesDiffer(
            "the model and the image set do not have the same classes",
            why=_difference(labels, classes),
            hint="give the image set that the model was trained on with --data",
        )
    row = {name: index for index, name in enumerate(labels)}
    return np.array([row[name] for name in classes], dtype=np.int64)


def _difference(labels: Sequence[str], classes: Sequence[str]) -> str:
    only = sorted(set(labels) - set(classes))
    stranger = f", {only[0]!r} is only in the model" if only else ""
    return f"{len(labels)} labels and {len(classes)} classes{stranger}"
