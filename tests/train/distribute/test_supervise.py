"""A supervisor ends with its training, with its team, and never later than either.

The training is a stand-in that does as told, in a real child process; the team is two supervisors on loopback.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from fv_core.errors import AlreadyExists, FvError
from fv_core.progress import Silent
from fv_train.begin import TrainOptions
from fv_train.distribute import child, supervise
from fv_train.distribute.supervise import train_together
from fv_train.errors import CannotDistribute, NonFiniteLoss, TeamMismatch, TrainingDied, WorkerLost, WorkersMissing
from tests.train._pictures import imageset, tiny_recipe
from tests.train.distribute._loopback import addresses, cluster
from tests.train.distribute._stand_in import stand_in

# From the death of one worker to the end of another: a second by itself, more on a machine that has ten times as much
# to do as it can.
PROMPT_S = 20.0
Outcome = FvError | None


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return imageset(tmp_path_factory.mktemp("pictures") / "set").folder


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "work", stand_in)
    # The chief's run is not there.
    monkeypatch.setattr(supervise.Run, "open", lambda folder: folder)


@pytest.fixture
def team(pictures: Path, tmp_path: Path) -> Callable[..., tuple[Outcome, Outcome]]:
    workers = addresses()

    def run(chief: str, other: str, **changes: object) -> tuple[Outcome, Outcome]:
        recipe = tiny_recipe("distribute=data_parallel")
        options = replace(TrainOptions(recipe, pictures, tmp_path / f"{chief},{other}"), **changes)  # type: ignore[arg-type]

        def one(index: int) -> None:
            train_together(options, cluster(index, workers), Silent())

        with ThreadPoolExecutor(2) as pool:
            futures: list[Future[None]] = [pool.submit(one, index) for index in (0, 1)]
            first, second = (future.exception(timeout=60) for future in futures)
        return first, second  # type: ignore[return-value]  # anything else fails the test

    return run


def test_threads_that_start_children_leave_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:mine")
    both = Barrier(2)

    def start(_: int) -> str:
        both.wait()
        with supervise._quiet_tracker():
            time.sleep(0.05)
            return os.environ["PYTHONWARNINGS"]

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(start, range(2))) == {"ignore:mine,ignore:resource_tracker"}
    assert os.environ["PYTHONWARNINGS"] == "ignore:mine"


def test_data_goes_from_the_chief_to_all_and_numbers_are_added(team: Callable[..., tuple[Outcome, Outcome]]) -> None:
    assert team("agree", "agree") == (None, None)


@pytest.mark.parametrize(("chief", "other"), [("fail", "wait"), ("wait", "fail")])
def test_what_stops_one_stops_the_other_with_its_reason(
    team: Callable[..., tuple[Outcome, Outcome]], chief: str, other: str
) -> None:
    outcomes = team(chief, other)
    failed, told = outcomes if chief == "fail" else outcomes[::-1]
    assert isinstance(failed, NonFiniteLoss)
    assert isinstance(told, WorkerLost)
    assert f"worker {outcomes.index(failed)} stopped: the loss is nan: w" in str(told)


@pytest.mark.parametrize(("chief", "other"), [("die", "wait"), ("wait", "die")])
def test_a_training_that_is_killed_is_said_on_both(
    team: Callable[..., tuple[Outcome, Outcome]], chief: str, other: str
) -> None:
    started = time.monotonic()
    outcomes = team(chief, other)
    assert time.monotonic() - started < PROMPT_S
    died, told = outcomes if chief == "die" else outcomes[::-1]
    assert isinstance(died, TrainingDied)
    assert "signal 9 ended its process" in str(died)
    assert isinstance(told, WorkerLost)
    assert "signal 9" in str(told)


@pytest.mark.parametrize("how", ["fault", "abort"])
def test_a_framework_that_fails_because_another_died_says_the_other(
    team: Callable[..., tuple[Outcome, Outcome]], how: str
) -> None:
    told, died = team(how, "die")
    assert isinstance(told, WorkerLost)
    assert "worker 1 stopped" in str(told)
    assert isinstance(died, TrainingDied)


def test_a_framework_that_fails_by_itself_says_what_it_wrote(
    team: Callable[..., tuple[Outcome, Outcome]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "_REASON_S", 0.2)
    failed, told = team("fault", "wait")
    assert isinstance(failed, TrainingDied)
    assert "RuntimeError: collective failed: E1122 broken" in str(failed)
    assert isinstance(told, WorkerLost)


def test_frameworks_that_do_not_meet_are_said(
    team: Callable[..., tuple[Outcome, Outcome]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(_: object, word: str, __: object) -> None:
        assert word == "total"

    monkeypatch.setattr(supervise, "_CONNECT_S", 1.0)
    monkeypatch.setattr(supervise._Supervisor, "_ask", stuck)
    outcomes = team("agree", "agree")
    assert WorkersMissing in {type(outcome) for outcome in outcomes}
    assert any("did not meet within 1 s" in str(outcome) for outcome in outcomes)


def test_a_lost_worker_names_the_chiefs_checkpoint(
    team: Callable[..., tuple[Outcome, Outcome]], tmp_path: Path
) -> None:
    last = tmp_path / "wait,die" / "checkpoints" / "last.npz"
    last.parent.mkdir(parents=True)
    last.touch()
    told, died = team("wait", "die", resume=True)
    assert str(last) in str(told)
    assert str(last) not in str(died)


def test_a_recipe_for_one_device_is_refused_with_what_to_add(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotDistribute) as caught:
        train_together(TrainOptions(tiny_recipe(), pictures, tmp_path / "run"), cluster(0, addresses()), Silent())
    assert caught.value.hint == "--set distribute=data_parallel"


def test_a_run_that_is_there_is_not_started_again(pictures: Path, tmp_path: Path) -> None:
    options = TrainOptions(tiny_recipe("distribute=data_parallel"), pictures, tmp_path)
    with pytest.raises(AlreadyExists):
        train_together(options, cluster(0, addresses()), Silent())


def test_other_pictures_are_found_before_anything_starts(pictures: Path, tmp_path: Path) -> None:
    other = imageset(tmp_path / "other", seed=1).folder
    workers = addresses()
    recipe = tiny_recipe("distribute=data_parallel")

    def one(index: int, path: Path) -> None:
        train_together(TrainOptions(recipe, path, tmp_path / "run"), cluster(index, workers), Silent())

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(one, 0, pictures), pool.submit(one, 1, other)]
        errors = [future.exception(timeout=60) for future in futures]
    assert {type(error) for error in errors} == {TeamMismatch}
    assert not (tmp_path / "run").exists()
