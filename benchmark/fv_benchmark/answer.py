"""A model file's answers on a whole split, in a child process: a file that nobody vouches for meets no parent.

The child saves its answers as a NumPy archive and, now and then, how far it is; the parent reads both.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fv_benchmark.accuracy import predict_split
from fv_benchmark.watched import watched
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.preprocess import Preprocess
from fv_core.progress import Progress
from fv_edge_runtime.errors import ChildCrashed, LabelsMissing
from fv_edge_runtime.sandbox import run_in_child

if TYPE_CHECKING:
    from fv_edge_runtime.classifier import Classifier

# A float MobileNetV3Large takes 1.8 s an inference in an emulated arm64, the slowest place this is run.
SECONDS_A_PICTURE = 5.0
SECONDS_TO_OPEN = 60.0
MEMORY_BYTES = 16 << 30


@dataclass(frozen=True)
class Question:
    """Which pictures: `split` of `imageset`, all or `limit` of them. `threads`: of the runtime.

    `input_range`: what 0 and 255 become, for a file without a manifest; None: raw pixels.
    """

    imageset: Path
    split: str
    threads: int
    limit: int | None = None
    input_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Answered:
    """The model file's answers, and how it wants its pictures: decoded pixels -> network input."""

    predictions: Predictions
    preprocess: Preprocess


def answer(model: Path, question: Question, progress: Progress, task: str) -> Predictions:
    """Ask the model file in a child process; `progress` shows `task`. Raises what the child raises, `Child…` errors."""
    return answered(model, question, progress, task).predictions


def answered(model: Path, question: Question, progress: Progress, task: str) -> Answered:
    """`answer`, with the file's preprocessing."""
    pictures = len(ImageSet.open(question.imageset).split(question.split))
    with TemporaryDirectory(prefix="fv-answer-") as name:
        folder = Path(name)
        job = {
            "model": str(model.resolve()),
            "imageset": str(question.imageset.resolve()),
            "split": question.split,
            "threads": question.threads,
            "limit": question.limit,
            "input_range": question.input_range,
            "folder": name,
        }
        with watched(_counter(folder), progress, task):
            said = run_in_child(
                "fv_benchmark.answer:answer_here",
                job,
                seconds=SECONDS_TO_OPEN + SECONDS_A_PICTURE * min(pictures, question.limit or pictures),
                memory_bytes=MEMORY_BYTES,
            )
        return Answered(Predictions.load(_result(folder)), _preprocess(said))


def answer_here(job: dict[str, Any]) -> dict[str, Any]:
    """In the child: answer a question, save the answers in its folder, and return the preprocessing as data."""
    imageset = ImageSet.open(Path(job["imageset"]))
    classifier = classifier_for(job["model"], imageset, job["threads"], job["input_range"])
    folder = Path(job["folder"])
    predictions = predict_split(classifier, imageset, job["split"], _Written(folder), limit=job["limit"])
    predictions.save(_result(folder))
    return asdict(classifier.preprocess)


def classifier_for(model: str, imageset: ImageSet, threads: int, input_range: tuple[float, float] | None) -> Classifier:
    """Open a model file for the pictures of an image set; raises what `Classifier` raises."""
    from fv_edge_runtime.classifier import Classifier

    chosen = None if not input_range else (input_range[0], input_range[1])
    try:
        return Classifier(model, threads=threads, input_range=chosen)
    except LabelsMissing:
        # A stranger's file without names: as many outputs as classes is all that can be checked, and is.
        return Classifier(model, labels=imageset.classes, threads=threads, input_range=chosen)


def _preprocess(said: Any) -> Preprocess:
    try:
        return Preprocess(**said)
    except (TypeError, ValueError) as error:
        raise ChildCrashed("the child process answered nonsense", why=str(error)) from error


class _Written:
    """A `Progress` into a file: the child's side."""

    def __init__(self, folder: Path) -> None:
        self._path = _counter(folder)

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        self._path.write_text(f"{done} {total}", encoding="ascii")

    def say(self, message: str) -> None:
        """Nothing is said in the child."""


def _counter(folder: Path) -> Path:
    return folder / "done.txt"


def _result(folder: Path) -> Path:
    return folder / "answers.npz"
