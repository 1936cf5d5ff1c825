"""The full model's answers that `fv benchmark --against` pairs with: stored ones where they fit, else made first.

`fv_benchmark` never loads Keras: where the answers have to be made, `fv_train` makes them, and a run keeps its own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fv_benchmark.answer import Question, answer
from fv_benchmark.errors import NoFullModelAnswers
from fv_cli.frameworks import import_keras
from fv_core.errors import MissingPath
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.progress import Progress
from fv_edge_runtime.model_path import FORMATS


def run_of(against: Path) -> Path | None:
    """The run's folder when `against` is a run or its `model.keras`; None for another file."""
    from fv_train.run import MANIFEST, MODEL

    if against.is_dir():
        return against
    if against.name == MODEL and (against.parent / MANIFEST).is_file():
        return against.parent
    return None


def image_set_of(against: Path) -> Path:
    """The image set that the run was trained on.

    Raises `NoFullModelAnswers` where it is not there any more, `MissingPath` where the run is not.
    """
    from fv_train.run import Run

    _check_there(against)
    folder = run_of(against)
    hint = "add --data IMAGESET"
    if folder is None:
        raise NoFullModelAnswers(f"nothing says which pictures to ask {against} about", why="no --data", hint=hint)
    run = Run.open(folder)
    path = run.dataset_path()
    if not path.is_dir() or ImageSet.open(path).fingerprint != run.info.dataset_fingerprint:
        raise NoFullModelAnswers(
            f"the image set of the run {folder} is not there any more",
            why=f"{path} is gone or has changed",
            hint=hint,
        )
    return path


def full_answers(against: Path, question: Question, progress: Progress) -> Predictions:
    """What the full model answers on the question's split.

    Raises `MissingPath`, `MissingExtra` where Keras would be needed and is not installed, and what opening a run or a
    model raises.
    """
    _check_there(against)
    folder = run_of(against)
    if folder is not None:
        return _answers_of_run(folder, question, progress)
    if against.suffix.lower() in FORMATS:
        return answer(against, replace(question, limit=None), progress, f"answering, {against.name}")
    return _answers_of_keras(against, question, progress)


def _check_there(against: Path) -> None:
    if not against.exists():
        raise MissingPath(f"no run or model at {against}", why="there is nothing", hint="ls runs")


def _answers_of_run(folder: Path, question: Question, progress: Progress) -> Predictions:
    from fv_train.run import Run

    run = Run.open(folder)
    path = run.predictions_path(ImageSet.open(question.imageset).fingerprint, question.split)
    if path.is_file():
        stored = Predictions.load(path)
        # Another model.keras than the one that answered: the run was trained again.
        if stored.model_sha256 == run.info.model_sha256:
            return stored
    import_keras()
    from fv_train.evaluate import EvaluateOptions, evaluate

    progress.say(f"the full model has no stored answers on {question.imageset}; asking it first")
    evaluate(EvaluateOptions(folder, question.imageset, question.split), progress)
    return Predictions.load(path)


def _answers_of_keras(path: Path, question: Question, progress: Progress) -> Predictions:
    import_keras(path)
    from fv_core.files import sha256_of_file
    from fv_train.evaluate import check_labels, keras_classifier, predict_keras

    imageset = ImageSet.open(question.imageset)
    classifier = keras_classifier(path)
    check_labels(classifier.labels, imageset)
    return predict_keras(
        classifier.model,
        imageset,
        question.split,
        classifier.preprocess,
        progress,
        model_sha256=sha256_of_file(path),
    )
