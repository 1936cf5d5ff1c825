"""What a model answered on a split, picture by picture: the record that every paired comparison starts from.

A NumPy archive (`.npz`, no pickles): ids (N,) and classes (C,) as strings, labels (N,) int32, probabilities (N, C)
float32, and who was asked about what.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fv_core.errors import BadPredictions, MissingPath
from fv_core.files import whole_file

# What zipfile, zlib and numpy.load raise on damaged archives (found by flipping bytes, tests/core/test_predictions.py).
_DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    EOFError,
    SyntaxError,
    MemoryError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class Predictions:
    """Answers on one split of one image set.

    `ids`: N sample ids. `labels`: (N,) int32. `probabilities`: (N, C) float32. `classes`: C names.
    `dataset_fingerprint`: of the image set; `split`: its name; `model_sha256`: of the file that answered.
    """

    ids: tuple[str, ...]
    labels: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]
    dataset_fingerprint: str
    split: str
    model_sha256: str

    def __post_init__(self) -> None:
        n, c = len(self.ids), len(self.classes)
        if self.labels.shape != (n,) or self.probabilities.shape != (n, c):
            raise ValueError(f"{n} ids, {c} classes, labels {self.labels.shape}, {self.probabilities.shape} answers")

    def answers(self) -> NDArray[np.int64]:
        """(N,) index of the most probable class; the lowest index among equals, as numpy.argmax."""
        return np.asarray(np.argmax(self.probabilities, axis=1))

    def correct(self) -> NDArray[np.bool_]:
        """(N,) whether the most probable class is the label."""
        return np.asarray(self.answers() == self.labels)

    def correct_in_top(self, k: int) -> NDArray[np.bool_]:
        """(N,) whether the label is among the k most probable classes; equals are resolved as `answers` does."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :k]
        return np.asarray((order == self.labels[:, None]).any(axis=1))

    def save(self, path: Path) -> None:
        """Write the archive, whole or not at all."""
        with whole_file(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(
                stream,
                ids=np.array(self.ids, dtype=np.str_),
                labels=self.labels.astype(np.int32),
                probabilities=self.probabilities.astype(np.float32),
                classes=np.array(self.classes, dtype=np.str_),
                about=np.array([self.dataset_fingerprint, self.split, self.model_sha256], dtype=np.str_),
            )

    @classmethod
    def load(cls, path: Path) -> Predictions:
        """Read an archive; raises `MissingPath` or `BadPredictions`."""
        if not path.is_file():
            raise MissingPath(
                f"no predictions at {path}", why="there is no such file", hint="fv evaluate RUN --data IMAGESET"
            )
        try:
            # Opened here: numpy.load leaves a damaged file open when it is given a path.
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
                fingerprint, split, model = (str(text) for text in data["about"])
                return cls(
                    ids=tuple(str(name) for name in data["ids"]),
                    labels=data["labels"].astype(np.int32),
                    probabilities=data["probabilities"].astype(np.float32),
                    classes=tuple(str(name) for name in data["classes"]),
                    dataset_fingerprint=fingerprint,
                    split=split,
                    model_sha256=model,
                )
        except _DAMAGE as error:
            raise BadPredictions(f"cannot read the predictions {path}", why=str(error), hint="fv evaluate") from error
