"""What is exported: a run, or anybody's `.keras` file, and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fv_core.errors import InputError, MissingPath
from fv_core.files import sha256_of_file
from fv_core.imageset import ImageSet
from fv_core.preprocess import Preprocess
from fv_edge_runtime.labels import read_labels
from fv_train.load import load_classifier
from fv_train.run import Run, newest_run

if TYPE_CHECKING:
    import keras


class LabelsDoNotFit(InputError):
    """A label file with another number of labels than the model has classes."""

    code = "labels-do-not-fit"


@dataclass(frozen=True, eq=False)
class Source:
    """A loaded classifier.

    `imageset`: the run's own, where it is still at its path with its fingerprint, else None; `imageset_missing` says
    why not. `labels_from`: see `Manifest`. `input_range`: what the model expects for pixel values 0 and 255.
    """

    name: str
    model: keras.Model
    model_path: Path
    sha256: str
    labels: tuple[str, ...]
    labels_from: str
    preprocess: Preprocess
    out: Path
    imageset: ImageSet | None
    imageset_missing: str
    input_range: tuple[float, float] = (0.0, 255.0)


def open_source(
    path: Path | None, labels: Path | None, input_range: tuple[float, float] | None, out: Path | None
) -> Source:
    """Open a run, a `.keras` file, or (None) the newest run below `runs/`.

    Raises `MissingPath`, `LabelsDoNotFit`, and what `load_classifier` raises.
    """
    if path is None or path.is_dir():
        run = newest_run(Path("runs")) if path is None else Run.open(path)
        if input_range not in (None, (0.0, 255.0)):
            raise InputError(
                "--input-range is for foreign models",
                why=f"{run.name} takes pixels 0 to 255, its own normalization is inside",
                hint="leave --input-range out",
            )
        return _from_run(run, labels, out)
    if not path.is_file():
        raise MissingPath(f"no run or model at {path}", why="there is nothing", hint="ls runs/")
    return _from_file(path, labels, input_range, out)


def _from_run(run: Run, labels: Path | None, out: Path | None) -> Source:
    run.verify_model()
    model = load_classifier(run.model_path)
    imageset, missing = _find_imageset(run)
    names = _labels_of_file(labels, model.output_shape[1]) if labels else tuple(run.info.classes)
    return Source(
        name=run.name,
        model=model,
        model_path=run.model_path,
        sha256=sha256_of_file(run.model_path),
        labels=names,
        labels_from="file" if labels else "data set",
        preprocess=run.info.preprocess,
        out=out or run.folder / "export",
        imageset=imageset,
        imageset_missing=missing,
    )


def _from_file(path: Path, labels: Path | None, input_range: tuple[float, float] | None, out: Path | None) -> Source:
    model = load_classifier(path)
    classes, size = int(model.output_shape[1]), int(model.input_shape[1])
    names = _labels_of_file(labels, classes) if labels else tuple(str(index) for index in range(classes))
    return Source(
        name=path.stem,
        model=model,
        model_path=path,
        sha256=sha256_of_file(path),
        labels=names,
        labels_from="file" if labels else "indices",
        preprocess=Preprocess(store_size=size, crop_fraction=1.0, input_size=size),
        out=out or path.parent / "export",
        imageset=None,
        imageset_missing="a .keras file names no image set",
        input_range=input_range or (0.0, 255.0),
    )


def _labels_of_file(path: Path, classes: int) -> tuple[str, ...]:
    labels = tuple(read_labels(path))
    if len(labels) != classes:
        raise LabelsDoNotFit(
            f"{path} has {len(labels)} labels",
            why=f"the model has {classes} classes",
            hint="one label a line, in the order of the model's outputs",
        )
    return labels


def _find_imageset(run: Run) -> tuple[ImageSet | None, str]:
    path = run.dataset_path()
    if not path.is_dir():
        return None, f"the run's image set is no longer at {path}"
    imageset = ImageSet.open(path)
    if imageset.fingerprint != run.info.dataset_fingerprint:
        return None, f"the image set at {path} is not the one that the run was trained on"
    return imageset, ""
