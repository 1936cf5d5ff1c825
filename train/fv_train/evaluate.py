"""How good is a model? A run, a `.keras`, a `.tflite` or an `.onnx` file, on a split of an image set.

All four get the same uint8 network inputs from `Preprocess.network_input`. Keras is imported for the first two only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fv_core.errors import MissingExtra, MissingPath
from fv_core.files import check_writable, sha256_of_file
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.preprocess import Preprocess
from fv_core.progress import Progress, Silent
from fv_edge_runtime.model_path import check_model_path
from fv_train.errors import BadRun, LabelMismatch
from fv_train.evaluation_report import Report, write
from fv_train.inputs import EvaluationInputs
from fv_train.metrics import measure
from fv_train.mistakes import most_confident
from fv_train.run import EVALUATION, MANIFEST, Run

if TYPE_CHECKING:
    import keras

_DEVICE_SUFFIXES = (".tflite", ".onnx")


@dataclass(frozen=True)
class EvaluateOptions:
    """`source`: a run's folder or a model file. `split`: None is the reported one. `out`: None is the default place.

    The default place is `evaluation/` in a run, and `NAME_evaluation/` beside a file.
    """

    source: Path
    imageset: Path
    split: str | None = None
    out: Path | None = None


@dataclass(frozen=True, eq=False)
class KerasClassifier:
    """A full model that answers as `fv_edge_runtime.Classifier` does.

    `labels`: index = output. `preprocess`: decoded picture -> network input. `path`: its file.
    """

    path: Path
    labels: tuple[str, ...]
    preprocess: Preprocess
    model: keras.Model = field(repr=False)

    def probabilities(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Network inputs (n, H, W, 3) uint8 -> (n, C) float32."""
        from fv_train.predict import answers

        return answers(self.model, [batch], batch_size=len(batch))


def keras_classifier(path: Path) -> KerasClassifier:
    """Open a run's folder, or a `.keras` file, as a classifier.

    A foreign file's labels are 0..N-1, and its pictures go straight to its input size. `RUN/model.keras` is the run.
    Raises what `Run.open` and `load_classifier` raise, `MissingExtra` without Keras.
    """
    try:
        from fv_train.load import load_classifier
        from fv_train.predict import without_xla_on_cpu

        run = _run_of(path)
        model = without_xla_on_cpu(load_classifier(path if run is None else run.model_path))
    except ModuleNotFoundError as error:
        hint = "pip install 'fv[train]', or give a .tflite or .onnx file"
        raise MissingExtra("Keras is not installed", why=str(error), hint=hint) from error
    classes, size = int(model.output_shape[1]), int(model.input_shape[1])
    if run is None:
        labels = tuple(str(index) for index in range(classes))
        return KerasClassifier(path, labels, Preprocess(size, 1.0, size), model)
    if (len(run.info.classes), run.info.preprocess.input_size) != (classes, size):
        raise BadRun(
            f"{run.model_path} is not this run's model",
            why=f"it has {classes} classes at {size} px, the manifest says {len(run.info.classes)} "
            f"at {run.info.preprocess.input_size} px",
        )
    return KerasClassifier(run.model_path, run.info.classes, run.info.preprocess, model)


def predict_keras(
    model: Path | keras.Model,
    imageset: ImageSet,
    split_name: str,
    preprocess: Preprocess,
    progress: Progress,
    *,
    model_sha256: str = "",
) -> Predictions:
    """A full model's answers on a whole split. For a path the digest is the file's; for a model it is given, or empty.

    Raises `LabelMismatch` when the number of classes differs.
    """
    from fv_train.load import load_classifier
    from fv_train.predict import BATCH_SIZE, answers, without_xla_on_cpu

    if isinstance(model, Path):
        model_sha256 = sha256_of_file(model)
        model = without_xla_on_cpu(load_classifier(model))
    if int(model.output_shape[1]) != len(imageset.classes):
        raise _mismatch(f"the model has {model.output_shape[1]} classes, {imageset.folder} {len(imageset.classes)}")
    split = imageset.split(split_name)
    inputs = EvaluationInputs(split, np.arange(len(split)), preprocess)
    return Predictions(
        ids=split.ids,
        labels=inputs.labels,
        probabilities=answers(
            model,
            inputs.batches(BATCH_SIZE, keep=False),
            seen=lambda done: progress.advance(f"answering {split_name}", done, len(split)),
        ),
        classes=imageset.classes,
        dataset_fingerprint=imageset.fingerprint,
        split=split_name,
        model_sha256=model_sha256,
    )


def evaluate(options: EvaluateOptions, progress: Progress | None = None) -> Report:
    """Ask the model about every picture of the split, write the evaluation folder, and return what is in it.

    A run's predictions are kept in the run as well, where later stages pair with them (`Run.predictions_path`).
    """
    progress = progress or Silent()
    imageset = ImageSet.open(options.imageset)
    split = options.split or imageset.reported_split()
    is_device_file = options.source.suffix.lower() in _DEVICE_SUFFIXES
    run = None if is_device_file else _run_of(options.source)
    folder = options.out or _default_out(options.source, run)
    check_writable(folder / "report")
    if is_device_file:
        preprocess, predictions = _ask_device_file(options.source, imageset, split, progress)
    else:
        classifier = keras_classifier(options.source)
        preprocess = classifier.preprocess
        check_labels(classifier.labels, imageset)
        sha256 = sha256_of_file(classifier.path)
        predictions = predict_keras(classifier.model, imageset, split, preprocess, progress, model_sha256=sha256)
    if run is not None and options.out is not None:
        predictions.save(run.predictions_path(imageset.fingerprint, split))
    return write(
        folder=folder,
        name=run.name if run else options.source.stem,
        selected_on_reported=run is not None and run.info.selected_on == "reported",
        preprocess=preprocess,
        predictions=predictions,
        metrics=measure(predictions),
        mistakes=most_confident(predictions, imageset.split(split)),
        history=run.folder / "history.csv" if run else None,
    )


def check_labels(labels: tuple[str, ...], imageset: ImageSet) -> None:
    """Raise `LabelMismatch` unless the labels are the image set's classes, or the plain numbers of an unnamed model."""
    if tuple(labels) == imageset.classes or list(labels) == [str(index) for index in range(len(imageset.classes))]:
        return
    if len(labels) != len(imageset.classes):
        raise _mismatch(f"the model has {len(labels)} classes, {imageset.folder} has {len(imageset.classes)}")
    first = next(i for i, (a, b) in enumerate(zip(labels, imageset.classes, strict=True)) if a != b)
    raise _mismatch(
        f"output {first} is {labels[first]!r} for the model and {imageset.classes[first]!r} in the pictures"
    )


def _mismatch(why: str) -> LabelMismatch:
    return LabelMismatch(
        "the model and the image set have different classes",
        why=why,
        hint="give the image set that the model was trained on, with --data",
    )


def _ask_device_file(path: Path, imageset: ImageSet, split: str, progress: Progress) -> tuple[Preprocess, Predictions]:
    """Ask in a child process: a file that nobody vouches for may take its runtime down."""
    from fv_benchmark.answer import Question, answered

    check_model_path(path)
    found = answered(path, Question(imageset.folder, split, threads=1), progress, f"answering {split}")
    return found.preprocess, found.predictions


def _run_of(source: Path) -> Run | None:
    """The run that `source` is, or whose model it is; None for another `.keras` file."""
    if source.is_dir():
        return Run.open(source)
    if not source.exists():
        raise MissingPath(f"no run or model at {source}", why="there is nothing", hint="ls runs")
    if source.name == "model.keras" and (source.parent / MANIFEST).is_file():
        return Run.open(source.parent)
    return None


def _default_out(source: Path, run: Run | None) -> Path:
    return run.folder / EVALUATION if run else source.with_name(f"{source.stem}_evaluation")
