"""A run: the folder that training leaves behind, and everything later stages need to know of it.

RUN/recipe.toml        the resolved recipe
RUN/manifest.json      `RunInfo`: classes, preprocessing, pictures, versions, digest of the model
RUN/history.csv        one line an epoch
RUN/checkpoints/       `last.npz`, and `best.npz` where the recipe keeps the best epoch
RUN/model.keras        the full model under the float32 policy; written last: a run without it is unfinished
RUN/evaluation/        predictions and reports of `fv evaluate`
RUN/tensorboard/       scalars, augmented pictures, the confusion matrix
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fv_core.errors import MissingPath
from fv_core.files import sha256_of_file, whole_file, write_text
from fv_core.preprocess import Preprocess
from fv_train.errors import BadRun, UnfinishedRun
from fv_train.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    import keras

SCHEMA_VERSION = 1
RECIPE, MANIFEST, MODEL, HISTORY = "recipe.toml", "manifest.json", "model.keras", "history.csv"
CHECKPOINTS, EVALUATION, TENSORBOARD = "checkpoints", "evaluation", "tensorboard"


@dataclass(frozen=True)
class RunInfo:
    """What `manifest.json` holds.

    `name`: of the run. `recipe`: its name. `classes`: index = label. `dataset_path`: where the image set was, relative
    to the run or absolute; found again by it and checked by `dataset_fingerprint`. `selected_on`: `holdout`, or
    `reported` when epochs were chosen on the very pictures that accuracies are reported on. `model_sha256`: of
    `model.keras`, empty until training is done. `teacher_sha256`: of the model that it learns from, empty without one.
    """

    name: str
    recipe: str
    classes: tuple[str, ...]
    preprocess: Preprocess
    dataset_fingerprint: str
    dataset_source: str
    dataset_path: str
    selected_on: str
    versions: dict[str, str]
    model_sha256: str = ""
    teacher_sha256: str = ""
    schema_version: int = SCHEMA_VERSION


class Run:
    """A run folder, opened."""

    def __init__(self, folder: Path, info: RunInfo) -> None:
        self.folder = folder
        self.info = info

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open a finished run; raises `MissingPath`, `BadRun` or `UnfinishedRun`."""
        run = cls.open_unfinished(folder)
        if not run.model_path.is_file():
            raise UnfinishedRun(
                f"the run {folder} is not finished",
                why=f"it has no {MODEL}",
                hint=f"fv train {run.info.recipe} --out {folder} --resume",
            )
        return run

    @classmethod
    def open_unfinished(cls, folder: Path) -> Run:
        """Open a run, whether finished or not; raises `MissingPath` or `BadRun`."""
        if not folder.is_dir():
            raise MissingPath(f"no run at {folder}", why="there is no such folder", hint="ls runs")
        if not (folder / MANIFEST).is_file():
            raise BadRun(f"{folder} is not a run", why=f"it has no {MANIFEST}", hint="ls runs")
        return cls(folder, _read(folder / MANIFEST))

    @property
    def name(self) -> str:
        """The run's name; exported files carry it."""
        return self.info.name

    @property
    def model_path(self) -> Path:
        """The full model, float32."""
        return self.folder / MODEL

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        return load_recipe(str(self.folder / RECIPE))

    @property
    def finished(self) -> bool:
        """Whether training came to its end."""
        return self.model_path.is_file()

    def dataset_path(self) -> Path:
        """Where the image set was when the run was trained; from the working directory where it lies below."""
        path, here = (self.folder / self.info.dataset_path).resolve(), Path.cwd()
        return path.relative_to(here) if path.is_relative_to(here) else path

    def predictions_path(self, fingerprint: str, split: str) -> Path:
        """Where the full model's answers on a split of an image set are kept."""
        return self.folder / EVALUATION / predictions_name(fingerprint, split)

    def write_info(self, info: RunInfo) -> None:
        """Replace `manifest.json`."""
        write_text(
            self.folder / MANIFEST, json.dumps(asdict(info), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        )
        self.info = info

    def write_model(self, model: keras.Model, check: Callable[[Path], None]) -> None:
        """Write `model.keras`, last of all: with it the run is finished. What `check` raises of the file refuses it."""
        with whole_file(self.model_path) as temporary:
            model.save(temporary)
            check(temporary)
            self.write_info(replace(self.info, model_sha256=sha256_of_file(temporary)))

    def verify_model(self) -> None:
        """Raise `BadRun` when `model.keras` is not the file that training wrote."""
        if sha256_of_file(self.model_path) != self.info.model_sha256:
            raise BadRun(
                f"{self.model_path} has changed since it was trained",
                why="its SHA-256 is not the one in manifest.json",
                hint=f"fv export {self.model_path} treats it as a file of its own",
            )


def predictions_name(fingerprint: str, split: str) -> str:
    """File name of stored predictions; 64 bits of the fingerprint tell any two image sets apart."""
    return f"predictions_{split}_{fingerprint[:16]}.npz"


def numbered(runs: Path, recipe: str) -> Path:
    """The next free `RUNS/RECIPE-N`, N from 1."""
    return runs / f"{recipe}-{max(_numbers(runs, recipe), default=0) + 1}"


def newest_unfinished(runs: Path, recipe: str) -> Path:
    """The unfinished `RUNS/RECIPE-N` with the largest N; raises `MissingPath`."""
    for number in sorted(_numbers(runs, recipe), reverse=True):
        folder = runs / f"{recipe}-{number}"
        if (folder / MANIFEST).is_file() and not (folder / MODEL).is_file():
            return folder
    raise MissingPath(
        f"no unfinished run of {recipe} under {runs}",
        why="there is nothing to go on with",
        hint=f"fv train {recipe}",
    )


def newest_run(runs: Path) -> Run:
    """The finished run under `runs` whose model is the newest; raises `MissingPath`."""
    models = list(runs.glob(f"*/{MODEL}")) if runs.is_dir() else []
    found = [path for path in models if (path.parent / MANIFEST).is_file()]
    if not found:
        raise MissingPath(f"no finished run under {runs}", why="nothing was trained here yet", hint="fv train RECIPE")
    return Run.open(max(found, key=lambda path: (path.stat().st_mtime_ns, path.parent.name)).parent)


def _numbers(runs: Path, recipe: str) -> list[int]:
    pattern = re.compile(re.escape(recipe) + r"-(\d+)")
    names = [entry.name for entry in runs.iterdir()] if runs.is_dir() else []
    return [int(match[1]) for match in map(pattern.fullmatch, names) if match]


def _read(path: Path) -> RunInfo:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if data["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema version {data['schema_version']}, this fv reads {SCHEMA_VERSION}")
        data["classes"] = tuple(str(name) for name in data["classes"])
        data["preprocess"] = Preprocess(**data["preprocess"])
        return RunInfo(**data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise BadRun(f"cannot read {path}", why=why, hint="start the training again") from error
