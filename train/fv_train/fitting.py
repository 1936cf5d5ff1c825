"""A batch did not fit into memory: which smaller one does, found by trying.

Half of the batch is tried, then half of that, until a short training runs through: `train` itself, with everything that
it holds at the same time (batches ahead of the step, optimizer, teacher, average, checkpoint, selection pictures), on a
few batches and random weights. (Two bare steps were tried first: under a limit of 3.5 GiB they went through with 128
pictures, and the training ended after some more.)

On a CPU each trial is a child process, under the limits of this one: memory that runs out there may end the process,
from the outside (the kernel kills it) or from the inside (an allocator that gives up), and takes nothing else along. On
a GPU it is this process: a framework keeps what it has taken of a GPU's memory until it ends, and a child would find
none.

A smaller batch means more and noisier steps, so the rates have to follow. With k the new batch over the old one:

    SGD         learning rate * k         (Goyal et al. 2017, arXiv 1706.02677)
    Adam, AdamW learning rate * sqrt(k)   (Malladi et al. 2022, arXiv 2205.10287)
    average     decay^k                   (Busbridge et al. 2023, arXiv 2307.13813)
"""

from __future__ import annotations

import gc
import math
import shlex
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fv_core.errors import FvError
from fv_core.progress import Progress
from fv_edge_runtime.errors import ChildCrashed, ChildOutOfMemory
from fv_edge_runtime.sandbox import run_in_child
from fv_train import run as runs
from fv_train.begin import TrainOptions
from fv_train.errors import OutOfMemory
from fv_train.recipe import Precision, Recipe, load_recipe

# Importing TensorFlow, compiling a large network with XLA and a few steps of it on two cores: minutes at most.
_TRIAL_SECONDS = 1800
# As many as are made ahead, and some to go on with.
_STEPS = 8
# The smallest share that a recipe may hold out: a picture of each class fills a batch as well as many.
_FEW = 0.001
_SAID_CHARACTERS = 160
# What frameworks say when memory is used up; they raise it as errors of several kinds.
_WORDS = ("resource_exhausted", "resource exhausted", "out of memory", "oom when", "alloc_failed", "failed to allocate")


@dataclass(frozen=True)
class Standing:
    """Where training stood: `stage` from 0, the arithmetic it had chosen, and whether it had the machine to itself."""

    batch_size: int
    stage: int
    compute: str
    jit: bool
    alone: bool = True


@dataclass(frozen=True)
class Trial:
    """One attempt at a batch. `recipe`: the file of a resolved one; `folder`: for what it writes; else `Standing`."""

    recipe: str
    folder: str
    imageset: str
    batch_size: int
    stage: int
    compute: str
    jit: bool


def memory_errors() -> tuple[type[Exception], ...]:
    """The kinds of error among which `is_memory_error` has to look."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return (MemoryError, jax.errors.JaxRuntimeError)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # cuDNN and XLA report their own failed allocations as internal or unknown.
        return (MemoryError, tf.errors.ResourceExhaustedError, tf.errors.InternalError, tf.errors.UnknownError)
    return (MemoryError,)


def is_memory_error(error: BaseException) -> bool:
    """Whether memory was what ran out."""
    known = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    return known or any(word in str(error).lower() for word in _WORDS)


def or_endless(seconds_per_step: Callable[[str, bool], float]) -> Callable[[str, bool], float]:
    """The same timer, with an infinite time for arithmetic that does not fit into memory."""

    def measure(policy: str, jit: bool) -> float:
        try:
            return seconds_per_step(policy, jit)
        except memory_errors() as error:
            if not is_memory_error(error):
                raise
            _give_back(error)
            return math.inf

    return measure


def out_of_memory(error: Exception, options: TrainOptions, at: Standing, progress: Progress) -> OutOfMemory:
    """The error to raise, after the search; what trained before must not be referred to any more."""
    lines = [line.strip() for line in str(error).splitlines() if is_memory_error(Exception(line))]
    said = (lines or [str(error) or type(error).__name__])[0][:_SAID_CHARACTERS]
    _give_back(error)
    problem = f"a batch of {at.batch_size} pictures does not fit into memory"
    if not at.alone:
        half = max(1, at.batch_size // 2)
        return OutOfMemory(
            problem, why=f"{said}; smaller ones were not tried", hint=_command(options, at.batch_size, half)
        )
    with tempfile.TemporaryDirectory(prefix="fv-fit-") as folder:
        file = Path(folder) / runs.RECIPE
        file.write_text(options.recipe.to_toml(), encoding="utf-8")
        trial = Trial(str(file), folder, str(options.imageset), at.batch_size, at.stage, at.compute, at.jit)
        found, why = _search(trial, progress)
    hint = _command(options, at.batch_size, found) if found else "a smaller data.input_size or model.backbone"
    return OutOfMemory(problem, why=f"{why} ({said})", hint=hint)


def _search(trial: Trial, progress: Progress) -> tuple[int | None, str]:
    """The largest half of a half that fits, and what was found out in words."""
    size = trial.batch_size // 2
    while size:
        progress.say(f"out of memory: trying a batch of {size}")
        try:
            if fits(replace(trial, batch_size=size)):
                return size, f"one of {size} does, tried in a short training"
        except (FvError, MemoryError) as error:
            return None, f"whether one of {size} does could not be found out: {error or 'no room to try'}"
        size //= 2
    return None, "not even one picture does"


def fits(trial: Trial) -> bool:
    """Whether training runs with such a batch; raises what it raises for another reason than memory."""
    from fv_train.precision import sees_gpu

    if sees_gpu():
        return attempt(asdict(trial))
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    unlimited = 1 << 62
    memory_bytes = unlimited if limit == resource.RLIM_INFINITY else limit
    try:
        answer = run_in_child(
            "fv_train.fitting:attempt", asdict(trial), seconds=_TRIAL_SECONDS, memory_bytes=memory_bytes
        )
    except (ChildOutOfMemory, ChildCrashed):
        # TensorFlow does not look whether it was given memory everywhere: it also runs into a null pointer.
        return False
    return bool(answer)


def attempt(argument: dict[str, Any]) -> bool:
    """Train for a few steps with such a batch; False when memory ran out."""
    from fv_train.loop import train

    trial = Trial(**argument)
    out = Path(trial.folder) / f"batch-{trial.batch_size}"
    try:
        train(TrainOptions(shortened(trial), Path(trial.imageset), out), search=False)
    except memory_errors() as error:
        if not is_memory_error(error):
            raise
        _give_back(error)
        return False
    return True


def shortened(trial: Trial) -> Recipe:
    """The recipe with one epoch of a few steps in the stage of the trial, on random weights."""
    recipe = load_recipe(trial.recipe)
    name, stage = list(recipe.stage.items())[trial.stage]
    n = trial.batch_size
    return replace(
        recipe,
        data=replace(recipe.data, batch_size=n, limit=_STEPS * n, input_size=recipe.size_of(trial.stage)),
        model=replace(recipe.model, weights="none"),
        stage={name: replace(stage, epochs=1, learning_rate=0.0, input_size=0)},
        select=replace(recipe.select, on="holdout", holdout=_FEW, keep="last"),
        precision=Precision(trial.compute, "on" if trial.jit else "off"),  # type: ignore[arg-type]  # a policy's name
    )


def scaled(recipe: Recipe, old: int, new: int) -> list[str]:
    """Settings `KEY=VALUE` that go with a batch of `new` instead of `old` pictures."""
    share = new / old
    factor = share if recipe.optimizer.name == "sgd" else math.sqrt(share)
    settings = [f"data.batch_size={new}"]
    settings += [
        f"stage.{name}.learning_rate={stage.learning_rate * factor:.3g}" for name, stage in recipe.stage.items()
    ]
    if recipe.optimizer.ema_decay:
        settings.append(f"optimizer.ema_decay={recipe.optimizer.ema_decay**share:.6g}")
    return settings


def _command(options: TrainOptions, old: int, new: int) -> str:
    """The command that trains with the smaller batch; the run that was begun holds the recipe with every `--set`."""
    file = options.out / runs.RECIPE
    recipe = str(file) if file.is_file() else options.recipe.name
    out = options.out.with_name(f"{options.out.name}-batch{new}")
    words = ["fv", "train", recipe, "--data", str(options.imageset), "--out", str(out)]
    for setting in scaled(options.recipe, old, new):
        words += ["--set", setting]
    return shlex.join(words)


def _give_back(error: BaseException) -> None:
    """Let go of what the failed step held: its frames hold the network, and the trial needs the room."""
    import keras

    failed: BaseException | None = error
    while failed is not None:
        traceback.clear_frames(failed.__traceback__)
        failed = failed.__cause__ or failed.__context__
    keras.utils.clear_session()
    gc.collect()
