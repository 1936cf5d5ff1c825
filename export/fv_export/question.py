"""What every file of an export is asked, and what the full model answers: pictures of the set, and the golden ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_core import golden
from fv_export import pictures
from fv_export.pictures import Pictures
from fv_export.source import Source
from fv_export.verify import Answers

# Keras traces the model once for a shape, which takes longer than the answers. All batches are of one shape, that of
# the golden pictures: the last one is filled up with zeros, whose answers are dropped.
_BATCH = len(golden.SEEDS)


@dataclass(frozen=True, eq=False)
class Question:
    """The pictures that every file answers, and what the full model answers on them.

    `golden`: (8, N, N, 3) uint8, the pictures of the manifest (`fv_core.golden`); `golden_full`: (8, C).
    """

    verification: Pictures
    full: Answers
    golden: NDArray[np.uint8]
    golden_full: Answers


class Remembering:
    """The full model of `source`, which is asked about the same pictures once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[str, Answers] = {}

    def __call__(self, inputs: NDArray[np.uint8]) -> Answers:
        """As `full_answers`."""
        digest = hashlib.sha256(np.ascontiguousarray(inputs).data).hexdigest()
        if digest not in self._known:
            self._known[digest] = full_answers(self._source, inputs)
        return self._known[digest]


def ask_full_model(
    source: Source, calibration: Pictures | None, samples: int, ask: Remembering | None = None
) -> Question:
    """Choose at most `samples` pictures for verification and let the full model answer.

    `ask`: of the same source, where it has been asked before.
    """
    ask = ask or Remembering(source)
    size = source.preprocess.input_size
    goldens = np.stack([golden.draw(seed, size) for seed in golden.SEEDS])
    verification = _verification(source, calibration, goldens, samples)
    return Question(
        verification=verification,
        full=ask(verification.inputs),
        golden=goldens,
        golden_full=ask(goldens),
    )


def full_answers(source: Source, inputs: NDArray[np.uint8]) -> Answers:
    """(n, C) probabilities of the Keras model on (n, H, W, 3) uint8 inputs, float32 throughout."""
    low, high = source.input_range
    scaled = inputs.astype(np.float32) * ((high - low) / 255.0) + low if (low, high) != (0.0, 255.0) else inputs
    missing = -len(scaled) % _BATCH
    whole = np.pad(scaled.astype(np.float32), ((0, missing), (0, 0), (0, 0), (0, 0)))
    answers = source.model.predict(whole, batch_size=_BATCH, verbose=0)
    return np.asarray(answers, dtype=np.float32)[: len(inputs)]


def in_words(verification: Pictures) -> str:
    """Which pictures the files were compared on."""
    if verification.split == "golden":
        return f"{len(verification)} drawn pictures (no photos were given)"
    if verification.labels is None or verification.split == "-":
        return f"{len(verification)} calibration pictures"
    return f"{len(verification)} pictures of the {verification.split} split"


def _verification(source: Source, calibration: Pictures | None, goldens: NDArray[np.uint8], samples: int) -> Pictures:
    """The reported split of the run's image set; else the calibration pictures; else the golden ones."""
    if source.imageset is not None:
        split = source.imageset.reported_split()
        return pictures.from_split(source.imageset, split, samples, source.preprocess)
    if calibration is not None:
        return calibration
    return Pictures(goldens, tuple(f"golden {seed}" for seed in golden.SEEDS), None, "", "golden")
