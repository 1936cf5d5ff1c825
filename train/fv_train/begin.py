"""How a run begins, and under which conditions one may go on."""

from __future__ import annotations

import difflib
import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fv_core.errors import AlreadyExists, MissingPath
from fv_core.files import sha256_of_file, whole_folder, write_text
from fv_core.imageset import ImageSet
from fv_core.preprocess import Preprocess
from fv_train import checkpoint
from fv_train import run as runs
from fv_train.checkpoint import State
from fv_train.errors import ResumeRefused
from fv_train.recipe import Recipe
from fv_train.run import Run, RunInfo

_PACKAGES = ("keras", "tensorflow", "numpy", "pillow")
# A recipe has some fifty lines; what changed is at most a handful.
_DIFFERENCES_SHOWN = 6


@dataclass(frozen=True)
class TrainOptions:
    """`imageset`: folder of the pictures. `out`: the run's folder. `resume`: go on with the run that is there."""

    recipe: Recipe
    imageset: Path
    out: Path
    resume: bool = False


def refuse_existing(out: Path) -> None:
    """Raise `AlreadyExists` when a new run would meet another."""
    if out.exists():
        raise AlreadyExists(
            f"{out} is already there",
            why="a run is never overwritten",
            hint="go on with it: --resume; or start another: --out DIR",
        )


def create(options: TrainOptions, imageset: ImageSet, *, write: bool = True) -> Run:
    """Make the run's folder with recipe and manifest, whole or not at all; without `write` only describe it."""
    recipe = options.recipe
    info = RunInfo(
        name=options.out.name,
        recipe=recipe.name,
        classes=imageset.classes,
        preprocess=Preprocess(imageset.size, recipe.data.crop_fraction, recipe.data.input_size),
        dataset_fingerprint=imageset.fingerprint,
        dataset_source=imageset.header.source,
        dataset_path=_path_from(options.out, options.imageset),
        selected_on=recipe.select.on,
        versions=installed_versions(),
        teacher_sha256=digest_of_teacher(recipe),
    )
    if not write:
        return Run(options.out, info)
    with whole_folder(options.out) as temporary:
        write_text(temporary / runs.RECIPE, recipe.to_toml())
        Run(temporary, info).write_info(info)
    return Run(options.out, info)


def resumable(options: TrainOptions, imageset: ImageSet) -> tuple[Run, dict[str, NDArray[Any]] | None, State | None]:
    """The run to go on with, and its last checkpoint (None: it was stopped before the first).

    Raises `ResumeRefused` when the run is finished, or its recipe or pictures are not the same.
    """
    run = Run.open_unfinished(options.out)
    if run.finished:
        hint = f"fv evaluate {run.folder}"
        raise ResumeRefused(f"{options.out} is finished", why="nothing is left to train", hint=hint)
    _refuse_other_recipe(run, options.recipe)
    if run.info.dataset_fingerprint != imageset.fingerprint:
        raise ResumeRefused(
            f"{options.out} was trained on other pictures",
            why=f"its image set is {run.info.dataset_fingerprint[:16]} with {len(run.info.classes)} classes, "
            f"{options.imageset} is {imageset.fingerprint[:16]} with {len(imageset.classes)}",
            hint=f"--data {run.dataset_path()}",
        )
    _refuse_other_teacher(run, options.recipe)
    last = run.folder / runs.CHECKPOINTS / checkpoint.LAST
    if not last.is_file():
        return run, None, None
    arrays, state = checkpoint.load(last)
    return run, arrays, state


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that a trained model depends on."""
    found = {"python": platform.python_version()}
    for package in (*_PACKAGES, "fv"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # TensorFlow need not be there under another Keras backend
            continue
    return found


def _refuse_other_recipe(run: Run, recipe: Recipe) -> None:
    before = run.recipe
    if before == recipe:
        return
    lines = difflib.ndiff(before.to_toml().splitlines(), recipe.to_toml().splitlines())
    changed = [line for line in lines if line.startswith(("- ", "+ "))][:_DIFFERENCES_SHOWN]
    raise ResumeRefused(
        f"the recipe is not the one that {run.folder} was started with",
        why="; ".join(changed),
        hint=f"fv train {run.folder / runs.RECIPE} --out {run.folder} --resume",
    )


def digest_of_teacher(recipe: Recipe) -> str:
    """SHA-256 of the model that the recipe learns from, empty without one; raises `MissingPath`, `UnfinishedRun`."""
    if not recipe.distill.teacher:
        return ""
    path = Path(recipe.distill.teacher)
    model = Run.open(path).model_path if path.is_dir() else path
    if not model.is_file():
        raise MissingPath(f"no teacher at {path}", why="there is no such run or file", hint="--set distill.teacher=RUN")
    return sha256_of_file(model)


def _refuse_other_teacher(run: Run, recipe: Recipe) -> None:
    """The same path may lead to another model by now. A manifest of before this was recorded says nothing."""
    began, now = run.info.teacher_sha256, digest_of_teacher(recipe)
    if began and began != now:
        raise ResumeRefused(
            f"{recipe.distill.teacher} is not the teacher that {run.folder} was started with",
            why=f"its model was {began[:16]} (SHA-256), and is {now[:16]}",
            hint="put the old model back, or start another run: --out DIR, without --resume",
        )


def _path_from(run: Path, imageset: Path) -> str:
    """Relative paths stay relative (run and pictures may move together), absolute ones absolute."""
    return str(imageset) if imageset.is_absolute() else os.path.relpath(imageset.resolve(), run.resolve())
