"""Which batch fits: the search, the settings that go with it, and trials under a real limit on memory."""

from __future__ import annotations

import math
import resource
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from fv_core.progress import Silent
from fv_edge_runtime.errors import ChildCrashed, ChildOutOfMemory, ChildTimedOut
from fv_train import fitting, precision
from fv_train.begin import TrainOptions
from fv_train.fitting import (
    Standing,
    Trial,
    attempt,
    fits,
    is_memory_error,
    or_endless,
    out_of_memory,
    scaled,
    shortened,
)
from fv_train.recipe import load_recipe
from fv_train.step import Trainee
from tests.train._pictures import imageset, narrow_recipe

STANDING = Standing(64, 0, "float32", jit=False)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return imageset(tmp_path_factory.mktemp("pictures") / "set", per_class=200).folder


@pytest.fixture
def options(pictures: Path, tmp_path: Path) -> TrainOptions:
    return TrainOptions(narrow_recipe(), pictures, tmp_path / "run")


def trial(options: TrainOptions, folder: Path, batch_size: int) -> Trial:
    file = folder / "recipe.toml"
    file.write_text(options.recipe.to_toml())
    return Trial(str(file), str(folder), str(options.imageset), batch_size, 0, "float32", jit=False)


@pytest.mark.parametrize(("fitting_size", "tried"), [(32, [32]), (10, [32, 16, 8]), (1, [32, 16, 8, 4, 2, 1])])
def test_the_largest_half_that_fits_is_found(
    options: TrainOptions, monkeypatch: pytest.MonkeyPatch, fitting_size: int, tried: list[int]
) -> None:
    asked = []
    monkeypatch.setattr(fitting, "fits", lambda one: asked.append(one.batch_size) or one.batch_size <= fitting_size)
    error = out_of_memory(MemoryError("full"), options, STANDING, Silent())
    assert asked == tried
    assert error.why == f"one of {tried[-1]} does, tried in a short training (full)"
    assert f"--set data.batch_size={tried[-1]} " in error.hint


def test_nothing_that_fits_is_said(options: TrainOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "fits", lambda one: False)
    error = out_of_memory(MemoryError(), options, STANDING, Silent())
    assert "not even one picture does" in error.why
    assert "input_size" in error.hint


def test_a_trial_that_cannot_tell_is_not_taken_for_an_answer(
    options: TrainOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(one: Trial) -> bool:
        raise ChildTimedOut("stopped after 900 s")

    monkeypatch.setattr(fitting, "fits", late)
    error = out_of_memory(MemoryError(), options, STANDING, Silent())
    assert "whether one of 32 does could not be found out: stopped after 900 s" in error.why


def test_where_several_devices_train_nothing_is_tried(options: TrainOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "fits", lambda one: pytest.fail("tried"))
    error = out_of_memory(MemoryError("full"), options, replace(STANDING, alone=False), Silent())
    assert error.why == "full; smaller ones were not tried"
    assert "--set data.batch_size=32 " in error.hint


def test_rates_and_average_follow_the_batch() -> None:
    adamw = load_recipe("food101_best_mobilenetv3large")
    wanted = ["data.batch_size=32", "stage.small.learning_rate=0.0005", "stage.full.learning_rate=0.0005"]
    assert scaled(adamw, 128, 32) == [*wanted, f"optimizer.ema_decay={0.9995**0.25:.6g}"]
    sgd = load_recipe("plates_quick", ["optimizer.name=sgd"])
    assert scaled(sgd, 32, 16) == ["data.batch_size=16", "stage.scratch.learning_rate=0.0015"]
    for setting in scaled(adamw, 128, 32):
        load_recipe("food101_best_mobilenetv3large", [setting])


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (MemoryError(), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 12 bytes"), True),
        (RuntimeError("OOM when allocating tensor with shape[512,224,224,3]"), True),
        (RuntimeError("CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("INTERNAL: no kernel"), False),
    ],
)
def test_memory_errors_are_known_by_kind_or_word(error: Exception, memory: bool) -> None:
    assert is_memory_error(error) is memory


def test_arithmetic_that_does_not_fit_takes_for_ever() -> None:
    def timer(policy: str, jit: bool) -> float:
        if policy == "float32":
            raise MemoryError
        return 1.0

    measured = or_endless(timer)
    assert measured("float32", False) == math.inf
    assert measured("mixed_bfloat16", False) == 1.0


@pytest.mark.parametrize("died", [ChildOutOfMemory("killed"), ChildCrashed("a null pointer")])
def test_a_child_that_dies_has_not_fitted(
    options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, died: Exception
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise died

    monkeypatch.setattr(fitting, "run_in_child", dies)
    assert not fits(trial(options, tmp_path, 8))


def test_a_short_training_runs_through_where_there_is_room(options: TrainOptions, tmp_path: Path) -> None:
    assert attempt(asdict(trial(options, tmp_path, 8)))


def test_a_short_training_that_runs_out_of_memory_searches_no_further(
    options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Trainee, batch: object, rate: float) -> None:
        raise MemoryError("full")

    monkeypatch.setattr(Trainee, "run", full)
    monkeypatch.setattr(fitting, "out_of_memory", lambda *_: pytest.fail("searched"))
    assert not attempt(asdict(trial(options, tmp_path, 8)))


def test_the_trial_is_of_the_stage_that_did_not_fit(options: TrainOptions, tmp_path: Path) -> None:
    recipe = load_recipe("food101_best_mobilenetv3large")
    one = trial(replace(options, recipe=recipe), tmp_path, 16)
    for stage, size in ((0, 160), (1, 224)):
        short = shortened(replace(one, stage=stage, compute="mixed_bfloat16", jit=True))
        assert (short.data.batch_size, short.size_of(0), len(short.stage)) == (16, size, 1)
        assert short.optimizer == recipe.optimizer
        assert short.augment == recipe.augment
        assert (short.precision.compute, short.precision.jit) == ("mixed_bfloat16", "on")


# Address space: importing TensorFlow takes 1.8 GiB. At 160 px a batch of 1024 wants tens of GiB, one of 8 half of one.
LIMIT_BYTES = 3 << 30


@pytest.mark.slow
def test_under_a_real_limit_a_large_batch_does_not_fit_and_a_small_one_does(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = narrow_recipe("data.input_size=160", "data.batch_size=512")
    options = TrainOptions(recipe, pictures, tmp_path / "run")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (LIMIT_BYTES, resource.RLIM_INFINITY))
    assert not fits(trial(options, tmp_path, 512))
    assert fits(trial(options, tmp_path, 8))


def test_on_a_gpu_the_trial_is_in_this_process(
    options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "sees_gpu", lambda: True)
    monkeypatch.setattr(fitting, "run_in_child", lambda *_, **__: pytest.fail("a child would find no memory"))
    asked = []
    monkeypatch.setattr(fitting, "attempt", lambda argument: asked.append(argument["batch_size"]) or True)
    assert fits(trial(options, tmp_path, 8))
    assert asked == [8]
