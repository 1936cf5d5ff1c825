"""Checkpoints come back as they were, or are refused; history has each epoch once."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_train.checkpoint import EpochRow, State, after_epoch, load, save
from fv_train.errors import BadRun, NonFiniteLoss
from fv_train.history import write_csv
from fv_train.schedule import NO_EPOCH, Patience

ROW = EpochRow(1, "all", 1e-3, 1.5, 0.25, 0.5, 100.0, 0.01, 12.5)


def test_arrays_and_state_survive(tmp_path: Path) -> None:
    arrays = {"network/0000": np.arange(6, dtype=np.float32).reshape(2, 3), "optimizer/0000": np.array(7, np.int64)}
    state = State("float32", jit=False, stage=1, step=5, best=Patience(0.5, 2), history=(ROW, replace(ROW, epoch=2)))
    save(tmp_path / "checkpoints" / "last.npz", arrays, state)
    found, again = load(tmp_path / "checkpoints" / "last.npz")
    assert again == state
    assert {name: array.dtype for name, array in found.items()} == {name: array.dtype for name, array in arrays.items()}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


SAVE_FOR_EVER = """
import sys
from pathlib import Path
import numpy as np
from fv_train.checkpoint import State, save
number = 0
while True:
    number += 1
    save(Path(sys.argv[1]), {"a": np.full(1_000_000, number, np.int32)}, State("float32", jit=False, step=number))
    if number == 1:
        print("saving", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("moment_ms", [0, 7, 19, 40])
def test_stopped_while_it_is_written_the_checkpoint_before_is_whole(
    moment_ms: int, how: signal.Signals, tmp_path: Path
) -> None:
    path = tmp_path / "last.npz"
    command = [sys.executable, "-c", SAVE_FOR_EVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(moment_ms / 1000)
        writer.send_signal(how)
    arrays, state = load(path)
    assert state.step > 0
    assert (arrays["a"] == state.step).all()
    save(path, arrays, state)
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.npz"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", "half", "pickle", "no state"])
def test_damaged_files_are_one_error(damage: bytes | str, tmp_path: Path) -> None:
    path = tmp_path / "last.npz"
    save(path, {"a": np.zeros(1000)}, State("float32", jit=False))
    if damage == "half":
        path.write_bytes(path.read_bytes()[:4000])
    elif damage == "pickle":
        np.savez(path, state=np.array([object()]), allow_pickle=True)
    elif damage == "no state":
        np.savez(path, a=np.zeros(3))
    else:
        path.write_bytes(damage if isinstance(damage, bytes) else b"")
    with pytest.raises(BadRun):
        load(path)


def test_an_epoch_ends_with_counters_at_zero_and_its_row_in_the_history() -> None:
    within = State("float32", jit=False, step=9, loss_sum=3.0, correct_sum=1.0, seconds=5.0, waited_s=1.0)
    found = after_epoch(within, ROW, Patience(0.5), plateau_patience=1)
    assert (found.epoch, found.step, found.loss_sum, found.seconds, found.waited_s) == (1, 0, 0.0, 0.0, 0.0)
    assert found.history == (ROW,)
    assert found.drops == 0


def test_a_plateau_drops_the_rate_once_and_then_waits_again() -> None:
    state = State("float32", jit=False)
    drops = []
    for top1 in (0.5, 0.4, 0.4, 0.4, 0.6, 0.6):
        state = after_epoch(state, replace(ROW, select_top1=top1), NO_EPOCH, plateau_patience=2)
        drops.append(state.drops)
    assert drops == [0, 0, 1, 1, 1, 1]
    assert state.stopping == Patience(0.6, 1)


def test_history_is_a_table_with_each_epoch_once(tmp_path: Path) -> None:
    for rows in ((ROW,), (ROW, replace(ROW, epoch=2))):
        write_csv(tmp_path / "history.csv", rows)
    with (tmp_path / "history.csv").open(newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [row["epoch"] for row in found] == ["1", "2"]
    assert float(found[0]["select_top1"]) == ROW.select_top1


def test_weights_that_are_no_numbers_leave_the_checkpoint_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "last.npz"
    good = {"network/0000": np.zeros(3, np.float32), "optimizer/0000": np.array(7, np.int64)}
    save(path, good, State("float32", jit=False, step=3))
    for value in (np.nan, np.inf):
        with pytest.raises(NonFiniteLoss, match="after step 5 of epoch 2, stage 1"):
            save(path, {**good, "network/0000": np.array([0, value, 0])}, State("float32", jit=False, epoch=1, step=5))
    assert load(path)[1].step == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.npz"]
