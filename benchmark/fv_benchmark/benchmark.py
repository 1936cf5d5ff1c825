"""The whole benchmark: options in, report out. Latency first, while the machine is cool; then accuracy on all cores."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fv_benchmark.accuracy import Accuracy, measure_accuracy
from fv_benchmark.answer import Question, answer
from fv_benchmark.machine import usable_cores
from fv_benchmark.models import Model, find_models
from fv_benchmark.protocol import Protocol
from fv_benchmark.report import Report
from fv_benchmark.run import Candidate, build_report, measure_candidates
from fv_benchmark.targets.local import LocalTarget
from fv_core.errors import InputError
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.progress import Progress


@dataclass(frozen=True)
class BenchmarkOptions:
    """`models`: files, folders of files, or runs. `threads`: each model is measured with each of them.

    `imageset`: for accuracy, None: not measured. `split`: None is the reported one. `limit`: so many pictures, spread
    evenly over the split; None: all. `input_range`: what 0 and 255 become, for files without a manifest.
    """

    models: tuple[Path, ...]
    threads: tuple[int, ...] = (1,)
    imageset: Path | None = None
    split: str | None = None
    limit: int | None = None
    input_range: tuple[float, float] | None = None
    protocol: Protocol = field(default_factory=Protocol)

    def __post_init__(self) -> None:
        if not self.threads or min(self.threads) < 1:
            raise InputError(f"cannot measure with {self.threads} threads", why="at least 1", hint="--threads 1,2,4")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"cannot measure on {self.limit} pictures", why="at least 1", hint="leave --limit out")


def benchmark(options: BenchmarkOptions, progress: Progress, full: Predictions | None = None) -> Report:
    """Measure on this machine. `full`: the full model's answers on the image set, to measure the drop against.

    Raises `MissingPath`, `UnknownFormat`, `BadModelFile` and what else a model file can be, `ClassesDiffer`,
    `DifferentPictures`, and the `Child…` errors for a file that takes its process down.
    """
    models = find_models(options.models)
    candidates = [Candidate(model, threads) for model in models for threads in options.threads]
    target = LocalTarget()
    session = measure_candidates(candidates, options.protocol, target, progress)
    accuracies = _accuracies(models, options, full, progress)
    return build_report(session, options.protocol, target.describe(session.before, session.after), accuracies)


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
    models: list[Model], options: BenchmarkOptions, full: Predictions | None, progress: Progress
) -> dict[Path, Accuracy]:
    question = question_for(options)
    if question is None:
        return {}
    # A file given twice answers the same twice.
    return {
        path: measure_accuracy(answer(path, question, progress, f"answering, {name}"), full)
        for path, name in {model.path: model.name for model in models}.items()
    }
