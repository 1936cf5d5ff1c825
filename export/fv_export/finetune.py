"""`--finetune`: a short distillation from the float graph through the 8-bit roundings, before the files are written.

    float graph ──answers──▶ int8 graph with fake quantization ──▶ new weights and ranges ──▶ `annotate` ──▶ writers

The same pictures, mirrored and cropped a little, go to both; no label is read. Everything random is a function of
(seed, step), so the vector, Adam's state and the number of steps are the whole state: a call that was stopped goes on
and ends as if it had not been. When the student's answers on held-out pictures are no nearer to the float graph's
after than before, the quantization of before is kept, and that is said.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Collection
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from fv_core.imageset import ImageSet
from fv_core.preprocess import Preprocess
from fv_core.progress import Progress
from fv_core.units import percent_as_text
from fv_export import finetune_state
from fv_export.errors import FinetuneRefused
from fv_export.finetune_state import Settings, State
from fv_export.graph import Floats, Graph
from fv_export.lessons import AUGMENT, Lessons
from fv_export.provenance import FINE_TUNED
from fv_export.ranges import Range
from fv_export.source import Source
from fv_train.errors import NonFiniteLoss
from fv_train.recipe import Schedule
from fv_train.schedule import learning_rate

if TYPE_CHECKING:
    from fv_export.distill import Distillation

# Learning rate of the displacements (`trainable`), chosen by measurement (docs/findings.md).
PEAK = 5e-5
# Share of the steps that warm up.
_WARM_UP = 0.05
# At most this much work is lost by kill -9.
CHECKPOINT_SECONDS = 30.0
# How often the held-out pictures are looked at on the way.
_LOOKS = 4
TASK = "fine-tuning"
# The scheme that it is for: the others lose next to nothing.
SCHEME = "int8"


@dataclass(frozen=True)
class Finetune:
    """What was asked for. `data`: an image set, None for the run's own. `epochs`: None for `lessons.STEPS` steps."""

    data: Path | None = None
    epochs: int | None = None
    seed: int = 0
    peak: float = PEAK
    learn_ranges: bool = True


@dataclass(frozen=True, eq=False)
class Finetuned:
    """Weights and ranges for `annotate`. `note`: what was done, for the manifest; empty where it was not kept.

    `before`, `after`: agreement of the student with the float graph on the held-out pictures.
    """

    graph: Graph
    ranges: dict[str, Range]
    note: str
    before: float
    after: float


class Finetuner:
    """Fine-tunes for one export.

    `imageset`, `preprocess`: the pictures, and how the network sees them. `out`, `name`: where the state lies, and
    under whose name. Raises `FinetuneRefused` under another Keras backend than TensorFlow.
    """

    def __init__(
        self, options: Finetune, imageset: ImageSet, preprocess: Preprocess, out: Path, name: str, progress: Progress
    ) -> None:
        backend = keras.backend.backend()
        if backend != "tensorflow":
            raise FinetuneRefused(
                "fine-tuning needs TensorFlow", why=f"Keras runs on {backend}", hint="unset KERAS_BACKEND"
            )
        self._options = options
        self._imageset = imageset
        self._preprocess = preprocess
        self._out = out
        self._name = name
        self._progress = progress

    def tune(self, teacher: Graph, graph: Graph, ranges: dict[str, Range], scheme: str) -> Finetuned:
        """Teach the 8-bit form of `graph` to answer as `teacher`; `ranges`: observed, of every tensor of `graph`.

        Raises `FinetuneRefused`, `NonFiniteLoss`.
        """
        from fv_export.distill import Distillation
        from fv_export.trainable import Student

        options = self._options
        lessons = Lessons(self._imageset, self._preprocess, graph, options.epochs, options.seed)
        student = Student(graph, ranges, scheme, learn_ranges=options.learn_ranges)
        distillation = Distillation(teacher, student, lessons.stored_size)
        settings = self._settings(student.start(), lessons)
        path = finetune_state.path_of(self._out, self._name, scheme)
        state = self._found(path, settings)
        if state is None:
            state = State(settings, 0, distillation.agreement(lessons.held_out), distillation.arrays())
        if state.step < lessons.steps:
            distillation.restore(state.arrays)
            self._teach(distillation, lessons, state, path)
            state = State(settings, lessons.steps, state.before, {"0": distillation.position()})
            finetune_state.save(path, state)
        held, end = lessons.held_out, np.asarray(state.arrays["0"], np.float32)
        losses = []
        for position in (np.zeros_like(end), end):
            distillation.place(position)
            losses.append(distillation.divergence(held))
        after = distillation.agreement(held)
        words = f"on {len(held)} held-out pictures agreement {_change(state.before, after)}"
        words += f", divergence {losses[0]:.4f} → {losses[1]:.4f}"
        # Divergence judges: agreement on some hundred pictures is known to more than a point only.
        if losses[1] >= losses[0]:
            self._progress.say(f"{TASK} did not help, and is not used: {words}")
            return Finetuned(graph, ranges, "", state.before, after)
        self._progress.say(f"{TASK}, {lessons.steps} steps: {words}")
        note = f"{FINE_TUNED} for {lessons.steps} steps on {lessons.fingerprint[:12]}"
        return Finetuned(*student.learnt(end), note, state.before, after)

    def _teach(self, distillation: Distillation, lessons: Lessons, state: State, path: Path) -> None:
        saved_at, losses, agreement = time.perf_counter(), 0.0, state.before
        look = max(1, lessons.steps // _LOOKS)
        schedule = Schedule(name="cosine", warmup_epochs=_WARM_UP, final_fraction=0.0)
        for step in range(state.step, lessons.steps):
            rate = learning_rate(schedule, self._options.peak, step, lessons.steps, lessons.steps, drops=0)
            loss = distillation.step(*lessons.batch(step), rate)
            if not math.isfinite(loss):
                raise NonFiniteLoss(
                    f"the loss of the fine-tuning is {loss} at step {step + 1}",
                    why="the model's answers are not finite on these pictures",
                    hint="export without --finetune",
                )
            losses = loss if step == state.step else 0.9 * losses + 0.1 * loss
            if (step + 1) % look == 0:
                agreement = distillation.agreement(lessons.held_out)
            note = f"loss {losses:.4f}, agreement {_change(state.before, agreement)}"
            self._progress.advance(TASK, step + 1, lessons.steps, note)
            if time.perf_counter() - saved_at >= CHECKPOINT_SECONDS:
                finetune_state.save(path, State(state.settings, step + 1, state.before, distillation.arrays()))
                saved_at = time.perf_counter()

    def _found(self, path: Path, settings: Settings) -> State | None:
        """The state to go on from, None to begin anew; says which, where there is a state at all."""
        found = finetune_state.load(path, settings)
        if isinstance(found, State):
            self._progress.say(f"{TASK} goes on after {found.step} steps")
            return found
        if found:
            self._progress.say(f"{TASK} begins anew: {found}")
        return None

    def _settings(self, start: Floats, lessons: Lessons) -> Settings:
        """All that a result depends on, in words that can be told."""
        return {
            "model or calibration": hashlib.sha256(start.tobytes()).hexdigest(),
            "pictures": lessons.fingerprint,
            "steps": str(lessons.steps),
            "batch size": str(lessons.batch_size),
            "learning rate": str(self._options.peak),
            "learnt ranges": str(self._options.learn_ranges),
            "seed": str(self._options.seed),
            "augmentation": repr(AUGMENT),
            "versions": f"fv {version('fv')}, tensorflow {version('tensorflow')}",
        }


def finetuner_for(options: Finetune, source: Source, schemes: Collection[str], progress: Progress) -> Finetuner:
    """The fine-tuning of an export of `schemes` by our own writers.

    Raises `FinetuneRefused` where there is nothing to fine-tune, or nothing to do it with.
    """
    if SCHEME not in schemes:
        raise FinetuneRefused(
            "--finetune is for --int8",
            why="the other schemes lose next to nothing, and the stock converters take the model as it is",
            hint="fv export --int8 --finetune",
        )
    imageset = source.imageset if options.data is None else ImageSet.open(options.data)
    if imageset is None:
        raise FinetuneRefused("--finetune needs pictures", why=source.imageset_missing, hint="add --data IMAGESET")
    return Finetuner(options, imageset, source.preprocess, source.out, source.name, progress)


def _change(before: float, after: float) -> str:
    return f"{percent_as_text(before)} → {percent_as_text(after)}"
