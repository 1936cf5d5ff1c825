"""The whole benchmark: options in, report out. Latency first, while the machine is cool; then accuracy on all cores."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from fv_benchmark.accuracy import Accuracy, measure_accuracy
from fv_benchmark.answer import Question
from fv_benchmark.curve import LongRun, long_run
from fv_benchmark.errors import AccuracyNotThere
from fv_benchmark.machine import usable_cores
from fv_benchmark.models import Model, find_models
from fv_benchmark.protocol import PRESETS, Protocol
from fv_benchmark.report import Report, together
from fv_benchmark.run import Candidate, Findings, build_report, measure_candidates
from fv_benchmark.targets import Target, TargetOptions, make_target
from fv_core.errors import InputError
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.progress import Progress

LONG_RUN_COOL_DOWN_SECONDS = PRESETS["normal"].cool_down_seconds


@dataclass(frozen=True)
class BenchmarkOptions:
    """`models`: files, folders of files, or runs. `threads`: each model is measured with each of them.

    `imageset`: for accuracy, None: not measured. `split`: None is the reported one. `limit`: so many pictures, spread
    evenly over the split; None: all. `input_range`: what 0 and 255 become, for files without a manifest.
    `sustained_seconds`: then run each row without a pause for so long, None: do not. `on`: the devices, as after
    `--on`; `target`: what they are told beside.
    """

    models: tuple[Path, ...]
    threads: tuple[int, ...] = (1,)
    imageset: Path | None = None
    split: str | None = None
    limit: int | None = None
    input_range: tuple[float, float] | None = None
    protocol: Protocol = field(default_factory=Protocol)
    sustained_seconds: float | None = None
    on: tuple[str, ...] = ("local",)
    target: TargetOptions = field(default_factory=TargetOptions)

    def __post_init__(self) -> None:
        if not self.threads or min(self.threads) < 1:
            raise InputError(f"cannot measure with {self.threads} threads", why="at least 1", hint="--threads 1,2,4")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"cannot measure on {self.limit} pictures", why="at least 1", hint="leave --limit out")
        if not self.on or len(set(self.on)) != len(self.on):
            raise InputError(
                f"cannot measure on {', '.join(self.on) or 'nothing'}",
                why="each device once, and at least one",
                hint="--on local --on ssh://USER@HOST",
            )


def benchmark(options: BenchmarkOptions, progress: Progress, full: Predictions | None = None) -> Report:
    """Measure on every target in turn. `full`: the full model's answers on the image set, to measure the drop against.

    All targets are opened before the first is measured, so that a mistake costs no measurement. Raises `MissingPath`,
    `UnknownFormat`, `BadModelFile` and what else a model file can be, `ClassesDiffer`, `DifferentPictures`, the
    `Child…` errors for a file that takes its process down, and what a target's `open` raises.
    """
    models = find_models(options.models)
    question = question_for(options)
    told = replace(options.target, question=question)
    with ExitStack() as opened:
        targets = [make_target(text, told) for text in options.on]
        for target in targets:
            opened.callback(target.close)
            target.open([model.path for model in models], progress)
        return together([_on(target, models, question, options, full, progress) for target in targets])


def _on(
    target: Target,
    models: list[Model],
    question: Question | None,
    options: BenchmarkOptions,
    full: Predictions | None,
    progress: Progress,
) -> Report:
    candidates = [Candidate(model, threads) for model in models for threads in options.threads]
    session = measure_candidates(candidates, options.protocol, target, progress)
    findings = Findings(
        accuracies={} if question is None else _accuracies(target, models, question, full, progress),
        long_runs=_long_runs(target, candidates, options.sustained_seconds, progress),
    )
    return build_report(session, options.protocol, target.describe(session.before, session.after), findings)


def _long_runs(
    target: Target, candidates: list[Candidate], seconds: float | None, progress: Progress
) -> dict[Candidate, LongRun]:
    if seconds is None:
        return {}
    found = {}
    for one in dict.fromkeys(candidates):
        # Each begins as cool as the first, or its burst would be the heat of the one before.
        target.cool_down(LONG_RUN_COOL_DOWN_SECONDS, progress)
        found[one] = long_run(target.sustain(one.model.path, one.threads, seconds, progress).slices)
    return found


def question_for(options: BenchmarkOptions) -> Question | None:
    """Which pictures the options ask about; None without an image set. Raises `BadImageSet` or `UnknownName`."""
    if options.imageset is None:
        return None
    imageset = ImageSet.open(options.imageset)
    split = options.split or imageset.reported_split()
    if not len(imageset.split(split)):
        raise InputError(
            f"the split {split} of {options.imageset} is empty",
            why="no accuracy can be measured on it",
            hint="--split NAME",
        )
    return Question(options.imageset, split, usable_cores(), options.limit, options.input_range)


def _accuracies(
    target: Target, models: list[Model], question: Question, full: Predictions | None, progress: Progress
) -> dict[Path, Accuracy | AccuracyNotThere]:
    # A file given twice answers the same twice.
    paths = dict.fromkeys(model.path for model in models)
    return {path: _accuracy(target, path, question, full, progress) for path in paths}


def _accuracy(
    target: Target, path: Path, question: Question, full: Predictions | None, progress: Progress
) -> Accuracy | AccuracyNotThere:
    """The accuracy, or why there is none."""
    try:
        return measure_accuracy(target.answers(path, question, progress), full)
    except AccuracyNotThere as reason:
        return reason
