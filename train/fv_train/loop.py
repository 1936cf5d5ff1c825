"""Training: an image set and a recipe become a run.

    stages -> epochs -> steps; after each epoch: accuracy on the selection pictures, history, checkpoint

A checkpoint is also written within an epoch when the last one is older than `CHECKPOINT_SECONDS`. A run that was
stopped in any way goes on with `resume` from its last checkpoint, under the same recipe and the same pictures only.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import keras

from fv_core.imageset import ImageSet
from fv_core.progress import Progress, Silent
from fv_train import as_is, backbones, checkpoint, fitting, history, precision
from fv_train import run as runs
from fv_train.begin import TrainOptions, create, refuse_existing, resumable
from fv_train.board.board import Board
from fv_train.carry import carry
from fv_train.checkpoint import Arrays, EpochRow, State, after_epoch
from fv_train.data import Batch, Feed, TrainBatches
from fv_train.distribute.engine import engine_for
from fv_train.distribute.team import Alone, Team
from fv_train.epoch_words import line, note
from fv_train.errors import BadRun, NonFiniteLoss
from fv_train.fitting import Standing
from fv_train.input_limit import Limit
from fv_train.recipe import Stage
from fv_train.run import Run
from fv_train.schedule import NO_EPOCH, learning_rate
from fv_train.selection import divided
from fv_train.step import StepResult, Trainee, network_arrays, put_network_arrays, step_timer
from fv_train.teacher import Teacher
from fv_train.written import CHECKED, as_in_memory

# At most this much work is lost by kill -9; writing takes some ten milliseconds for these networks.
CHECKPOINT_SECONDS = 60.0
ALONE = Alone()


def train(options: TrainOptions, progress: Progress | None = None, team: Team = ALONE, *, search: bool = True) -> Run:
    """Train, or go on training, and return the finished run; in a `team` only the chief has it on disk.

    Raises `AlreadyExists` when `out` is there and `resume` is not set, `ResumeRefused` when recipe or pictures are not
    those of the run, `NonFiniteLoss`, `OutOfMemory`, and what recipes, image sets and weights raise. `search`: where a
    batch does not fit into memory, find out which one does; else the framework's own error goes through.
    """
    if options.recipe.model.head == "published":
        return as_is.keep(options, progress or Silent())
    session: _Session | None = None
    try:
        session = _Session(options, progress or Silent(), team)
        session.train_to_the_end()
    except fitting.memory_errors() as error:
        if not search or not fitting.is_memory_error(error):
            raise
        standing = session.standing() if session else Standing(options.recipe.data.batch_size, 0, "float32", jit=False)
        session = None
        raise fitting.out_of_memory(error, options, standing, progress or Silent()) from error
    return session.finish()


class _Session:
    """One process's work on a run. Nothing is written before the network stands: what cannot work leaves no folder."""

    def __init__(self, options: TrainOptions, progress: Progress, team: Team) -> None:
        self._progress, self._team, self._chief = progress, team, team.index == 0
        self._recipe = recipe = options.recipe
        self._stages = list(recipe.stage.items())
        self._saved_at = time.perf_counter()
        self._said_limit = ""
        imageset = ImageSet.open(options.imageset)
        self._classes = imageset.classes
        if self._chief and not options.resume:
            refuse_existing(options.out)
        old = resumable(options, imageset) if self._chief and options.resume else (None, None, None)
        run, arrays, state = old
        self._engine = engine_for(recipe, team)
        split, kept, self._selection = divided(imageset, recipe, team)
        self._batches = TrainBatches(split, kept, len(self._classes), recipe, self._engine.shards)
        self._stored_size = imageset.size
        if state is None and self._chief:
            state = self._first_state(imageset.size)
        _, self._state = checkpoint.agreed(team, {}, state)
        # A model that is read begins with random weights, and what lies on all devices has to be equal from the first.
        keras.utils.set_random_seed(recipe.data.seed)
        with self._engine.scope():
            self._teacher = Teacher(recipe.distill, self._classes) if recipe.distill.teacher else None
        # Timing draws random numbers; the starting weights must not depend on whether it ran.
        keras.utils.set_random_seed(recipe.data.seed)
        start = self._chief_start(arrays)
        self._trainee = self._trainee_of_stage(load_weights=start is None)
        self._run = run or create(options, imageset, write=self._chief)
        self._checkpoints = self._run.folder / runs.CHECKPOINTS
        self._board = Board(self._run.folder / runs.TENSORBOARD, self._classes, progress)
        try:
            if start is not None:
                self._trainee.restore(start)
        except ValueError as error:
            raise BadRun(f"the checkpoint in {self._run.folder} does not fit its recipe", why=str(error)) from error
        if arrays is None:
            self._save()

    def train_to_the_end(self) -> None:
        """Run what is left of the stages."""
        while True:
            name, stage = self._stages[self._state.stage]
            while self._state.epoch < stage.epochs and not self._stopped():
                self._epoch(name, stage)
            if self._state.epoch < stage.epochs:
                self._progress.say(
                    f"stage {name} stopped early: {self._state.stopping.waited} epochs without a better one"
                )
            if self._state.stage + 1 == len(self._stages):
                return
            self._next_stage()

    def standing(self) -> Standing:
        """What a trial of another batch has to be like."""
        alone = self._team.count == 1 and not self._engine.says
        return Standing(self._batches.batch_size, self._state.stage, self._state.compute, self._state.jit, alone)

    def finish(self) -> Run:
        """Write the model under the float32 policy, last of all."""
        if self._recipe.select.keep == "last":
            self._trainee.use_average()
        if not self._chief:
            return self._run
        own = self._own_network()
        if self._recipe.select.keep == "best":
            arrays, _ = checkpoint.load(self._checkpoints / checkpoint.BEST)
            put_network_arrays(own, arrays)
        full = backbones.build(self._recipe, len(self._classes), load_weights=False)
        carry(own.get_weights(), full.logits)
        shown = self._selection.first(CHECKED)
        self._run.write_model(full.probabilities, as_in_memory(own, shown, self._batches.batch_size))
        return self._run

    def _trainee_of_stage(self, *, load_weights: bool) -> Trainee:
        """The network at the input size of the stage, ready for its first step."""
        size = self._recipe.size_of(self._state.stage)
        with self._engine.scope():
            network = self._network(load_weights=load_weights)
            teacher = self._teacher.at(size) if self._teacher else None
            jit = self._state.jit
            trainee = Trainee(network, self._recipe, self._stored_size, jit=jit, teacher=teacher, engine=self._engine)
        trainee.start_stage(self._stages[self._state.stage][1])
        self._selection.see(size)
        self._answering = network.logits
        if self._engine.says:
            # A distributed network answers on all devices at once, and only together with the other workers.
            self._answering = self._network(load_weights=False).logits
            self._answering.jit_compile = jit
        return trainee

    def _network(self, *, load_weights: bool) -> backbones.Network:
        size, compute, fused = self._recipe.size_of(self._state.stage), self._state.compute, not self._state.jit
        return backbones.build(
            self._recipe, len(self._classes), policy=compute, load_weights=load_weights, input_size=size, fused=fused
        )

    def _chief_start(self, arrays: Arrays | None) -> Arrays | None:
        """What the chief starts from, on all workers; None: starting weights that have yet to be loaded, alone."""
        if self._team.count == 1:
            return arrays
        if arrays is None and self._chief:
            arrays = network_arrays(self._network(load_weights=True))
        arrays, _ = checkpoint.agreed(self._team, arrays or {}, self._state)
        keras.utils.set_random_seed(self._recipe.data.seed)
        return arrays

    def _first_state(self, stored_size: int) -> State:
        batch = self._batches.batch(0, 0, 0, self._batches.order(0, 0))
        timer = fitting.or_endless(step_timer(self._recipe, self._stages[0][1], stored_size, batch))
        choice = precision.choose(self._recipe.precision, precision.this_device(), timer)
        choice = self._engine.restrict(choice)
        if self._engine.says:
            self._progress.say(f"each batch is divided among {self._engine.says}")
        self._progress.say(f"arithmetic {choice.compute}, XLA {'on' if choice.jit else 'off'}: {choice.why}")
        return State(compute=choice.compute, jit=choice.jit)

    def _epoch(self, name: str, stage: Stage) -> None:
        number = sum(entry.epochs for _, entry in self._stages[: self._state.stage]) + self._state.epoch + 1
        title = f"epoch {number}/{sum(entry.epochs for _, entry in self._stages)} {name}"
        started, seconds, waited_s = time.perf_counter(), self._state.seconds, self._state.waited_s
        with Feed(self._batches, self._state.stage, self._state.epoch, self._state.step) as feed:
            for batch in feed:
                result = self._step(batch, stage)
                self._state = replace(
                    self._state,
                    step=self._state.step + 1,
                    loss_sum=self._state.loss_sum + result.loss,
                    correct_sum=self._state.correct_sum + result.accuracy,
                    seconds=seconds + time.perf_counter() - started,
                    waited_s=waited_s + feed.waited_s,
                )
                self._progress.advance(
                    title, self._state.step, self._batches.steps, note(self._state, self._batches.batch_size)
                )
                if time.perf_counter() - self._saved_at > CHECKPOINT_SECONDS:
                    self._save()
        self._end_epoch(number, name, stage, feed.limit(self._state.waited_s / self._state.seconds))

    def _step(self, batch: Batch, stage: Stage) -> StepResult:
        result = self._trainee.run(batch, self._rate(stage, self._state.step))
        if not math.isfinite(result.loss):
            state = self._state
            at = f"step {state.step + 1} of epoch {state.epoch + 1}, stage {state.stage + 1}"
            raise NonFiniteLoss(
                f"the loss is {result.loss} at {at}",
                why=f"the last good checkpoint is {self._checkpoints / checkpoint.LAST}",
                hint=f"another run with --set stage.{self._stages[state.stage][0]}.learning_rate="
                f"{stage.learning_rate / 10:g} --set optimizer.clip_norm=1 --set precision.compute=float32",
            )
        return result

    def _rate(self, stage: Stage, step: int) -> float:
        state, steps, schedule = self._state, self._batches.steps, self._recipe.schedule
        before = epochs = 0
        if schedule.over == "run":
            before = sum(entry.epochs for _, entry in self._stages[: state.stage])
            epochs = sum(entry.epochs for _, entry in self._stages)
        at = (before + state.epoch) * steps + step
        return learning_rate(schedule, stage.learning_rate, at, (epochs or stage.epochs) * steps, steps, state.drops)

    def _end_epoch(self, number: int, name: str, stage: Stage, limit: Limit) -> None:
        state, steps = self._state, self._batches.steps
        before = self._trainee.use_average()
        top1 = self._selection_top1()
        best = state.best.after(top1)
        if best.waited == 0 and self._recipe.select.keep == "best" and self._chief:
            network = {key: value for key, value in self._trainee.arrays().items() if key.startswith("network/")}
            checkpoint.save(self._checkpoints / checkpoint.BEST, network, state)
        self._trainee.put_back(before)
        row = EpochRow(
            epoch=number,
            stage=name,
            learning_rate=self._rate(stage, steps - 1),
            loss=state.loss_sum / steps,
            accuracy=state.correct_sum / steps,
            select_top1=top1,
            images_per_s=steps * self._batches.batch_size / state.seconds,
            waiting_share=state.waited_s / state.seconds,
            seconds=state.seconds,
        )
        self._state = after_epoch(state, row, best, self._recipe.schedule.patience)
        self._say(row, limit)
        if self._chief:
            history.write_csv(self._run.folder / runs.HISTORY, self._state.history)
            self._show(state, row)
        self._save()

    def _show(self, ended: State, row: EpochRow) -> None:
        """Put an epoch, and what the network saw at the beginning of its stage, on the board."""
        self._board.epoch(row, self._selection.answered)
        if ended.epoch == 0:
            batch = self._batches.batch(ended.stage, 0, 0, self._batches.order(ended.stage, 0))
            self._board.shown(row, self._trainee.seen(batch), batch.targets)

    def _selection_top1(self) -> float:
        return self._selection.top1(self._own_network(), self._batches.batch_size)

    def _own_network(self) -> keras.Model:
        """The network with the weights of now, on this process alone: what others need not take part in."""
        if self._answering is not self._trainee.network.logits:
            carry(self._trainee.network.logits.get_weights(), self._answering)
        return self._answering

    def _say(self, row: EpochRow, limit: Limit) -> None:
        self._progress.say(line(row, self._recipe.select, len(self._selection), len(self._classes), limit))
        if limit.what not in (self._said_limit, "device"):
            self._progress.say(limit.sentence())
        self._said_limit = limit.what

    def _stopped(self) -> bool:
        return 0 < self._recipe.select.patience <= self._state.stopping.waited

    def _next_stage(self) -> None:
        """The next stage starts from the average of the weights, with a new optimizer."""
        self._trainee.use_average()
        size = self._recipe.size_of(self._state.stage)
        self._state = replace(
            self._state, stage=self._state.stage + 1, epoch=0, plateau=NO_EPOCH, stopping=NO_EPOCH, drops=0
        )
        if self._recipe.size_of(self._state.stage) == size:
            self._trainee.start_stage(self._stages[self._state.stage][1])
        else:
            weights = self._trainee.network.logits.get_weights()
            self._trainee = self._trainee_of_stage(load_weights=False)
            carry(weights, self._trainee.network.logits)
        self._save()

    def _save(self) -> None:
        if self._chief:
            checkpoint.save(self._checkpoints / checkpoint.LAST, self._trainee.arrays(), self._state)
        self._saved_at = time.perf_counter()
