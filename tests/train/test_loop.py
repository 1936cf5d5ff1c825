"""Training from end to end: it learns, it is the same twice, and after a stop it goes on as if there had been none."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from fv_core.errors import AlreadyExists, DiskFull, FvError
from fv_core.files import sha256_of_file
from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from fv_train import checkpoint, fitting, loop, precision
from fv_train.begin import TrainOptions
from fv_train.data import Feed
from fv_train.errors import BadRecipe, BadRun, NonFiniteLoss, OutOfMemory, ResumeRefused, UnfinishedRun
from fv_train.input_limit import Limit
from fv_train.loop import train
from fv_train.recipe import Recipe, load_recipe
from fv_train.run import Run
from fv_train.step import StepResult, Trainee
from tests.train._pictures import CLASSES, imageset, tiny_recipe, with_tiny_backbone


class Stopped(BaseException):
    """Stands for Ctrl-C and kill -9: nothing of ours may catch it."""


class StopAt(Silent):
    """A progress that stops the process's work after so many steps."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        self._left -= 1
        if self._left == 0:
            raise Stopped


class Listening(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with with_tiny_backbone():
        yield


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return imageset(tmp_path_factory.mktemp("pictures") / "set").folder


def options(pictures: Path, out: Path, *settings: str, resume: bool = False) -> TrainOptions:
    return TrainOptions(tiny_recipe(*settings), pictures, out, resume)


def weights(run: Run) -> list[np.ndarray]:
    model = keras.saving.load_model(run.model_path, compile=False)
    return [np.asarray(value) for value in model.get_weights()]


def assert_same(one: Run, other: Run) -> None:
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def finished(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(options(pictures, tmp_path_factory.mktemp("runs") / "whole"))


def test_a_run_has_everything_that_later_stages_read(finished: Run, pictures: Path) -> None:
    run = Run.open(finished.folder)
    assert run.info.classes == CLASSES
    assert run.info.dataset_fingerprint == ImageSet.open(pictures).fingerprint
    assert run.info.model_sha256 == sha256_of_file(run.model_path)
    assert run.dataset_path() == pictures
    assert run.recipe == tiny_recipe()
    assert run.name == "whole"
    assert len((run.folder / "history.csv").read_text().splitlines()) == 1 + 2
    assert list((run.folder / "tensorboard").iterdir())
    assert not [path for path in run.folder.rglob("*") if ".fv-tmp" in path.name]
    model = keras.saving.load_model(run.model_path, compile=False)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert model.output_shape == (None, 3)


def test_it_learns(pictures: Path, tmp_path: Path) -> None:
    run = train(options(pictures, tmp_path / "run", "stage.scratch.epochs=12", "data.seed=1"))
    history = (run.folder / "history.csv").read_text().splitlines()
    column = history[0].split(",").index("select_top1")
    # Three plain colours, chance is a third.
    assert float(history[-1].split(",")[column]) > 0.9


def test_the_same_seed_gives_the_same_weights_bit_for_bit(finished: Run, pictures: Path, tmp_path: Path) -> None:
    assert_same(finished, train(options(pictures, tmp_path / "again")))


def test_another_seed_gives_other_weights(finished: Run, pictures: Path, tmp_path: Path) -> None:
    other = train(options(pictures, tmp_path / "other", "data.seed=7"))
    assert any(not np.array_equal(a, b) for a, b in zip(weights(finished), weights(other), strict=True))


# Three steps an epoch: stopped in the first epoch (before any checkpoint of its own), at its end, and in the second.
@pytest.mark.parametrize("steps", [1, 3, 5])
def test_a_stopped_run_goes_on_to_the_same_weights(finished: Run, pictures: Path, tmp_path: Path, steps: int) -> None:
    out = tmp_path / "run"
    with pytest.raises(Stopped):
        train(options(pictures, out), StopAt(steps))
    with pytest.raises(UnfinishedRun) as caught:
        Run.open(out)
    assert "--resume" in caught.value.hint
    assert_same(finished, train(options(pictures, out, resume=True)))


def test_a_checkpoint_within_an_epoch_goes_on_to_the_same_weights(
    finished: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    out = tmp_path / "run"
    with pytest.raises(Stopped):
        train(options(pictures, out), StopAt(5))
    _, state = checkpoint.load(out / "checkpoints" / checkpoint.LAST)
    assert (state.epoch, state.step) == (1, 1)
    assert_same(finished, train(options(pictures, out, resume=True)))


def test_stages_momentum_averages_and_dropout_go_on_too(pictures: Path, tmp_path: Path) -> None:
    settings = ("optimizer.name=sgd", "optimizer.ema_decay=0.5", "regularize.dropout=0.5", "select.keep=best")
    base = tiny_recipe(*settings)
    stages = {
        "head": replace(base.stage["scratch"], train="head", batch_norm="frozen", epochs=1),
        "all": base.stage["scratch"],
    }
    recipe = replace(base, stage=stages)
    whole = train(TrainOptions(recipe, pictures, tmp_path / "whole"))
    stopped = TrainOptions(recipe, pictures, tmp_path / "stopped")
    with pytest.raises(Stopped):
        train(stopped, StopAt(8))
    assert_same(whole, train(replace(stopped, resume=True)))


def test_a_frozen_backbone_keeps_its_weights_and_the_head_learns(pictures: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("stage.scratch.train=head", "stage.scratch.batch_norm=frozen", "optimizer.ema_decay=0")
    run = train(TrainOptions(recipe, pictures, tmp_path / "run"))
    start, _ = checkpoint.load(run.folder / "checkpoints" / checkpoint.LAST)
    keras.utils.set_random_seed(recipe.data.seed)
    from fv_train.backbones import build

    fresh = [np.asarray(value) for value in build(recipe, 3).logits.weights]
    trained = [start[f"network/{i:04d}"] for i in range(len(fresh))]
    same = [np.array_equal(a, b) for a, b in zip(fresh, trained, strict=True)]
    assert all(same[:-2])
    assert not any(same[-2:])


def test_a_finished_run_is_neither_overwritten_nor_resumed(finished: Run, pictures: Path) -> None:
    before = sha256_of_file(finished.model_path)
    with pytest.raises(AlreadyExists):
        train(options(pictures, finished.folder))
    with pytest.raises(ResumeRefused):
        train(options(pictures, finished.folder, resume=True))
    assert sha256_of_file(finished.model_path) == before


def stopped_run(pictures: Path, out: Path) -> None:
    with pytest.raises(Stopped):
        train(options(pictures, out), StopAt(3))


def test_a_changed_recipe_is_refused_with_the_difference(pictures: Path, tmp_path: Path) -> None:
    stopped_run(pictures, tmp_path / "run")
    with pytest.raises(ResumeRefused) as caught:
        train(options(pictures, tmp_path / "run", "data.batch_size=4", resume=True))
    assert "- batch_size = 8" in caught.value.why
    assert "+ batch_size = 4" in caught.value.why


def test_other_pictures_are_refused_with_the_difference(pictures: Path, tmp_path: Path) -> None:
    stopped_run(pictures, tmp_path / "run")
    other = imageset(tmp_path / "other", seed=1).folder
    with pytest.raises(ResumeRefused, match="other pictures"):
        train(options(other, tmp_path / "run", resume=True))


def test_a_damaged_checkpoint_is_said(pictures: Path, tmp_path: Path) -> None:
    stopped_run(pictures, tmp_path / "run")
    last = tmp_path / "run" / "checkpoints" / checkpoint.LAST
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(BadRun):
        train(options(pictures, tmp_path / "run", resume=True))


def failing(error: Exception | float, after: int) -> Callable[..., StepResult]:
    real, left = Trainee.run, [after]

    def run(self: Trainee, batch: object, rate: float) -> StepResult:
        result = real(self, batch, rate)  # type: ignore[arg-type]  # handed on as it came
        left[0] -= 1
        if left[0] >= 0:
            return result
        if isinstance(error, Exception):
            raise error
        return replace(result, loss=error)

    return run


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_and_names_the_step(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: float
) -> None:
    monkeypatch.setattr(Trainee, "run", failing(loss, 4))
    with pytest.raises(NonFiniteLoss, match="step 2 of epoch 2"):
        train(options(pictures, tmp_path / "run"))
    _, state = checkpoint.load(tmp_path / "run" / "checkpoints" / checkpoint.LAST)
    assert (state.epoch, state.step) == (1, 0)


def test_a_batch_that_does_not_fit_names_the_one_that_does(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainee, "run", failing(MemoryError("full"), 0))
    tried = []

    def fits(trial: fitting.Trial) -> bool:
        tried.append(trial.batch_size)
        return trial.batch_size <= 2

    monkeypatch.setattr(fitting, "fits", fits)
    out, said = tmp_path / "run", Listening()
    with pytest.raises(OutOfMemory, match="a batch of 8 pictures does not fit into memory: one of 2 does") as caught:
        train(options(pictures, out), said)
    assert tried == [4, 2]
    assert "out of memory: trying a batch of 4" in said.said
    monkeypatch.undo()
    # The command that is offered can be typed: it trains with what was found.
    words = shlex.split(caught.value.hint)
    assert words[:3] == ["fv", "train", str(out / "recipe.toml")]
    recipe = load_recipe(words[2], [words[i + 1] for i, word in enumerate(words) if word == "--set"])
    assert recipe.data.batch_size == 2
    assert recipe.stage["scratch"].learning_rate == pytest.approx(3e-3 / 2)
    assert train(TrainOptions(recipe, Path(words[4]), Path(words[6]))).finished


def test_an_error_that_is_not_about_memory_stays_what_it_is(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorflow.errors import InternalError

    monkeypatch.setattr(Trainee, "run", failing(InternalError(None, None, "a bug"), 0))
    with pytest.raises(InternalError, match="a bug"):
        train(options(pictures, tmp_path / "run"))


def test_the_arithmetic_is_measured_printed_and_kept(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    amx = precision.Device("tensorflow", gpu=False, capability=(0, 0), cpu_has_bfloat16=True)
    monkeypatch.setattr(precision, "this_device", lambda: amx)
    heard = Listening()
    train(options(pictures, tmp_path / "run", "precision.compute=auto"), heard)
    measured = r"XLA off: bfloat16 takes \d+\.\d\d x the time of float32 on this CPU, measured"
    found = re.fullmatch(rf"arithmetic (float32|mixed_bfloat16), {measured}", heard.said[0])
    assert found
    _, state = checkpoint.load(tmp_path / "run" / "checkpoints" / checkpoint.LAST)
    assert state.compute == found[1]


def test_a_slow_input_is_called_by_name_once(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Limit("disk", 0.4, 3.0, 1.0)
    monkeypatch.setattr(Feed, "limit", lambda self, waiting_share: slow)
    heard = Listening()
    train(options(pictures, tmp_path / "run"), heard)
    assert sum(said.endswith("waiting for data: the disk is the limit") for said in heard.said) == 2
    assert heard.said.count(slow.sentence()) == 1


def test_the_board_has_every_epoch_and_what_each_stage_was_shown(finished: Run) -> None:
    (path,) = (finished.folder / "tensorboard").iterdir()
    found = [(event.step, value.tag) for event in EventFileLoader(str(path)).Load() for value in event.summary.value]
    scalars = ("learning_rate", "loss", "accuracy", "select_top1", "images_per_s", "waiting_share")
    for epoch in (1, 2):
        assert {tag for step, tag in found if step == epoch} >= {*scalars, "confusion"}
    assert [step for step, tag in found if tag == "augmented"] == [1]


def test_a_full_disk_keeps_the_checkpoint_before(
    finished: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = np.savez, []

    def full(stream: object, **arrays: np.ndarray) -> None:
        calls.append(1)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        real(stream, **arrays)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(DiskFull):
        train(options(pictures, tmp_path / "run"))
    monkeypatch.undo()
    assert_same(finished, train(options(pictures, tmp_path / "run", resume=True)))


@pytest.mark.parametrize("settings", [["model.backbone=none"], ["model.weights=/gone.weights.h5"]])
def test_what_cannot_work_leaves_no_folder(pictures: Path, tmp_path: Path, settings: list[str]) -> None:
    with pytest.raises(FvError):
        train(options(pictures, tmp_path / "run", *settings))
    assert list(tmp_path.iterdir()) == []


def test_early_stopping_ends_the_stage(pictures: Path, tmp_path: Path) -> None:
    heard = Listening()
    still = ("stage.scratch.learning_rate=0", "stage.scratch.epochs=9", "select.patience=2")
    run = train(options(pictures, tmp_path / "run", *still, "stage.scratch.batch_norm=frozen"), heard)
    assert len((run.folder / "history.csv").read_text().splitlines()) == 1 + 3
    assert any("stopped early" in line for line in heard.said)


def test_every_accuracy_says_of_what(pictures: Path, tmp_path: Path) -> None:
    heard = Listening()
    train(options(pictures, tmp_path / "run", "stage.scratch.epochs=1", "select.on=reported"), heard)
    line = next(line for line in heard.said if line.startswith("epoch 1"))
    assert "of 12 pictures of the reported split, 3 classes" in line
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["selected_on"] == "reported"


def growing() -> Recipe:
    """A recipe whose first stage sees larger pictures than its last, under one cycle of the rate."""
    recipe = tiny_recipe("schedule.over=run")
    last = recipe.stage["scratch"]
    return replace(recipe, stage={"other": replace(last, epochs=1, input_size=48), "scratch": last})


def test_a_stage_of_another_size_hands_its_weights_on(pictures: Path, tmp_path: Path) -> None:
    run = train(TrainOptions(growing(), pictures, tmp_path / "run"))
    model = keras.saving.load_model(run.model_path)
    assert model.input_shape == (None, 32, 32, 3)
    rates = [float(line.split(",")[2]) for line in (run.folder / "history.csv").read_text().splitlines()[1:]]
    # One cosine over three epochs: the second stage goes on where the first one ended.
    assert rates[0] > rates[1] > rates[2]


@pytest.mark.parametrize("steps", [2, 3, 5])
def test_a_run_of_two_sizes_goes_on_to_the_same_weights(pictures: Path, tmp_path: Path, steps: int) -> None:
    whole = train(TrainOptions(growing(), pictures, tmp_path / "whole"))
    with pytest.raises(Stopped):
        train(TrainOptions(growing(), pictures, tmp_path / "cut"), StopAt(steps))
    cut = train(TrainOptions(growing(), pictures, tmp_path / "cut", resume=True))
    assert_same(whole, cut)


def test_the_last_stage_has_the_size_of_the_model() -> None:
    with pytest.raises(BadRecipe, match="last stage"):
        tiny_recipe("stage.scratch.input_size=48")
