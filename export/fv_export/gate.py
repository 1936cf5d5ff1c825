"""`--max-drop`: every file of an export is judged by the accuracy gate before it is put in place.

The full model and each file answer all pictures of the image set's reported split; `fv_benchmark.gate.judge` decides.
The full model's answers are those that `fv evaluate` stored in the run, where they are about this very model and these
very pictures; else it is asked once, for all files. A file answers in a child process.

For whoever builds files of another kind (a mixed precision, a search): make one `Gatekeeper` with `gatekeeper_for`,
write a candidate to any path, and ask `keeper.judge(path, name)`; `keeper.ask(path, name)` gives its answers picture by
picture, to be paired with `keeper.full` on a part of the pictures. Both report through the keeper's `Progress`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.accuracy import CHUNK, columns
from fv_benchmark.answer import Question, answer
from fv_benchmark.gate import Budget, Gated, judge
from fv_benchmark.machine import usable_cores
from fv_core.imageset import ImageSet
from fv_core.manifest import Drop
from fv_core.predictions import Predictions
from fv_core.progress import Progress
from fv_export.errors import GateWithoutPictures
from fv_export.pictures import Pictures
from fv_export.question import full_answers
from fv_export.source import Source
from fv_train.run import EVALUATION, predictions_name


@dataclass(frozen=True)
class Gate:
    """What was asked for. `data`: an image set with labels; None for the run's own."""

    budget: Budget
    data: Path | None = None


class Gatekeeper:
    """Judges the files of one export.

    `imageset`, `split`: whose pictures are asked about. `full`: the full model's answers on all of them. `calibration`:
    the pictures that set the ranges of the files, None where none do.
    """

    def __init__(
        self,
        budget: Budget,
        imageset: ImageSet,
        full: Predictions,
        calibration: Pictures | None,
        progress: Progress,
    ) -> None:
        self.budget = budget
        self.imageset = imageset
        self.split = full.split
        self.full = full
        self._doubts = _doubts(full, calibration)
        self._progress = progress

    def ask(self, path: Path, name: str) -> Predictions:
        """The answers of a model file, from a child process; raises what `fv_benchmark.answer.answer` raises."""
        question = Question(self.imageset.folder, self.split, usable_cores())
        return answer(path, question, self._progress, f"judging {name}")

    def judge(self, path: Path, name: str, rows: NDArray[np.int64] | None = None) -> Gated:
        """What the gate says of the file at `path`; it is called `name` in the reports.

        `rows`: of the split, whose pictures alone judge; None for all. Whoever chose a file by some pictures names the
        others here.
        """
        answers = self.ask(path, name)
        return judge(name, self.full, answers if rows is None else part_of(answers, rows), self.budget, self._doubts)


def gatekeeper_for(gate: Gate, source: Source, calibration: Pictures | None, progress: Progress) -> Gatekeeper:
    """Open the pictures and ask the full model; raises `GateWithoutPictures`, `BadImageSet` or `ClassesDiffer`."""
    imageset = _imageset(gate, source)
    split = imageset.reported_split()
    if not len(imageset.split(split)):
        raise GateWithoutPictures(
            f"the {split} split of {imageset.folder} is empty",
            why="no drop can be measured on it",
            hint="give --data an image set with labelled pictures",
        )
    columns(source.labels, imageset.classes)
    full = _stored(source, imageset, split) or _ask(source, imageset, split, progress)
    return Gatekeeper(gate.budget, imageset, full, calibration, progress)


def part_of(predictions: Predictions, rows: NDArray[np.int64]) -> Predictions:
    """The answers on some of the pictures."""
    return replace(
        predictions,
        ids=tuple(predictions.ids[row] for row in rows),
        labels=predictions.labels[rows],
        probabilities=predictions.probabilities[rows],
    )


def drop_of(gated: Gated) -> Drop:
    """The drop for the file's manifest."""
    return Drop(
        drop_pp=gated.drop.drop_pp,
        ci95_pp=gated.drop.ci95_pp,
        agreement=gated.agreement,
        n=gated.drop.n,
        split=gated.split,
        dataset_sha256=gated.dataset_fingerprint,
    )


def _doubts(full: Predictions, calibration: Pictures | None) -> tuple[str, ...]:
    """A file is at its best on the very pictures that set its ranges."""
    if calibration is None:
        return ()
    if (calibration.dataset_sha256, calibration.split) != (full.dataset_fingerprint, full.split):
        return ()
    return (f"the ranges were set by pictures of the {full.split} split that the gate judges on: the drop flatters",)


def _imageset(gate: Gate, source: Source) -> ImageSet:
    if gate.data is not None:
        return ImageSet.open(gate.data)
    if source.imageset is None:
        raise GateWithoutPictures(
            "a drop is measured on pictures with labels", why=source.imageset_missing, hint="add --data IMAGESET"
        )
    return source.imageset


def _stored(source: Source, imageset: ImageSet, split: str) -> Predictions | None:
    """What the run kept of this model's answers on these pictures; None where it kept nothing that fits."""
    path = source.model_path.parent / EVALUATION / predictions_name(imageset.fingerprint, split)
    if not path.is_file():
        return None
    stored = Predictions.load(path)
    fits = stored.model_sha256 == source.sha256 and stored.dataset_fingerprint == imageset.fingerprint
    return stored if fits and len(stored.ids) == imageset.header.counts[split] else None


def _ask(source: Source, imageset: ImageSet, split_name: str, progress: Progress) -> Predictions:
    split = imageset.split(split_name)
    order = columns(source.labels, imageset.classes)
    found = []
    for start in range(0, len(split), CHUNK):
        images = split.images[start : start + CHUNK]
        batch = np.stack([source.preprocess.network_input(np.asarray(image)) for image in images])
        found.append(full_answers(source, batch)[:, order])
        progress.advance("asking the full model", start + len(batch), len(split))
    return Predictions(
        ids=split.ids,
        labels=np.asarray(split.labels),
        probabilities=np.concatenate(found),
        classes=imageset.classes,
        dataset_fingerprint=imageset.fingerprint,
        split=split_name,
        model_sha256=source.sha256,
    )
