"""Do model files answer on an Arm board as they do here? Picture by picture, through `fv benchmark`'s own targets.

    FV_SSH="ssh -F STATE/ssh_config" python perf/arm64_agreement.py ssh://emulated-pi IMAGESET LIMIT MODEL…

Prints, for each file, its accuracy here and there, on how many pictures both name the same class, and the largest
difference of a probability. `perf/arm64_userland` makes a board for it where there is none.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import numpy as np

from fv_benchmark.answer import Question
from fv_benchmark.machine import usable_cores
from fv_benchmark.protocol import Protocol
from fv_benchmark.targets import Target, TargetOptions, make_target
from fv_core.imageset import ImageSet
from fv_core.progress import Silent

# One call that shows which runtime opens the file there.
LOOK = Protocol(blocks=1, block_seconds=1e-9, warm_up_seconds=0.0, min_calls=1)


def main(on: str, imageset: Path, limit: int, models: list[Path]) -> None:
    split = ImageSet.open(imageset).reported_split()
    question = Question(imageset, split, usable_cores(), limit)
    here, there = make_target("local", TargetOptions()), make_target(on, TargetOptions(question=question))
    with closing(there):
        there.open(models, Silent())
        now = there.snapshot()
        machine = there.describe(now, now)
        sys.stdout.write(f"{machine.cpu}, {machine.os}, emulated: {machine.emulated}; {limit} pictures of {split}\n")
        for model in models:
            line(model, question, here, there)


def line(model: Path, question: Question, here: Target, there: Target) -> None:
    runtime = there.measure(model, 1, LOOK).runtime
    ours, theirs = (one.answers(model, question, Silent()) for one in (here, there))
    same = float((ours.answers() == theirs.answers()).mean())
    difference = float(np.abs(ours.probabilities - theirs.probabilities).max())
    sys.stdout.write(
        f"{model.name:<28} {runtime:<24} top-1 here {ours.correct().mean():.4f}  there {theirs.correct().mean():.4f}  "
        f"agreement {same:.2%}  largest difference {difference:.4f}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), [Path(word) for word in sys.argv[4:]])
