"""kill -9 while a checkpoint is being written: the run always goes on, and ends with the weights of one never stopped.

A kill counts only when it provably fell inside the write: once the checkpoint's temporary file has grown to a random
length, the training is stopped (SIGSTOP) and looked at. If the temporary file is still there, nothing
can finish it any more, and the process is killed as it stands; if not, it goes on to its next checkpoint. What was on
the disk then is printed:

    FV_KILLS=20 pytest -s tests/cli/test_kill_in_checkpoint.py

Every step writes a checkpoint of 21 MB here, so that kills fall into the middle of epochs and behind their ends.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import signal
import time
import zipfile
from contextlib import suppress
from io import BytesIO
from multiprocessing.process import BaseProcess
from pathlib import Path

import h5py
import numpy as np
import pytest

from fv_train import checkpoint
from fv_train.run import Run
from tests.train._pictures import imageset

KILLS = int(os.environ.get("FV_KILLS", "2"))
PATIENCE_S = 120.0
# An epoch has three steps and so four checkpoints. A training is killed in one of its next six: always enough are left.
EPOCHS = 2 * (KILLS + 1)
LATEST_WRITE = 6
# Of the whole file: kills fall on all of the write, and with luck on the flushing and renaming behind it.
FILE_BYTES = 21_000_000
SETTINGS = (
    "model.backbone=tiny",
    "model.hidden_units=65536",
    "data.input_size=32",
    "data.batch_size=8",
    "select.holdout=0.2",
    "select.keep=last",
    "optimizer.ema_decay=0.9",
    "precision.compute=float32",
    f"stage.scratch.epochs={EPOCHS}",
)
WORDS = ["train", "plates_quick", "--data", "set", *(word for setting in SETTINGS for word in ("--set", setting))]


def typed(folder: Path, words: list[str]) -> None:
    """In a child: `fv WORDS` with a small network in the table, and a checkpoint after every step."""
    from fv_cli.main import main
    from fv_train import loop
    from tests.train._pictures import with_tiny_backbone

    os.chdir(folder)
    with (folder.parent / "said.txt").open("ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    loop.CHECKPOINT_SECONDS = 0.0
    with with_tiny_backbone():
        raise SystemExit(main(words))


def start(folder: Path, *words: str) -> BaseProcess:
    """Start a training; the framework is imported once, in the process that all trainings are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fv_train.loop"])
    process = context.Process(target=typed, args=(folder, [*WORDS, *words]))
    process.start()
    return process


def to_the_end(folder: Path, *words: str) -> None:
    process = start(folder, *words)
    process.join(PATIENCE_S)
    assert process.exitcode == 0, (folder.parent / "said.txt").read_text()[-2000:]


def killed_while_writing(folder: Path, draw: random.Random, *words: str) -> str:
    """Train until a checkpoint is half written, and kill. Returns what stood on the disk, in words."""
    process = start(folder, *words)
    assert process.pid is not None
    left, attempts = draw.randint(1, LATEST_WRITE), 0
    while True:
        found = next_write(folder, process)
        left -= 1
        if left > 0:
            wait_while(found, process)
            continue
        attempts += 1
        wait_while(found, process, draw.uniform(0.0, FILE_BYTES))
        os.kill(process.pid, signal.SIGSTOP)
        if is_stopped(process.pid) and found.exists():
            break
        os.kill(process.pid, signal.SIGCONT)
    written = found.stat().st_size
    os.kill(process.pid, signal.SIGKILL)
    process.join(PATIENCE_S)
    assert process.exitcode == -signal.SIGKILL
    last = folder / "run/checkpoints" / checkpoint.LAST
    assert found.exists(), "the write was finished after all"
    assert last.exists() or found.name.startswith(f".{checkpoint.LAST}")
    before = checkpoint.load(last)[1] if last.exists() else None
    where = f"epoch {before.epoch + 1} step {before.step}" if before else "no checkpoint yet"
    return f"killed at {written / 1e6:5.2f} MB of {found.name}, after {attempts} tries; last whole one: {where}"


def next_write(folder: Path, process: BaseProcess) -> Path:
    """The temporary file of the next checkpoint, as soon as it is there."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.is_alive(), f"it ended: {(folder.parent / 'said.txt').read_text()[-2000:]}"
        for path in (folder / "run/checkpoints").glob(f".*.fv-tmp-{process.pid}-*"):
            return path
        time.sleep(0.0005)
    raise AssertionError("no checkpoint was written")


def wait_while(path: Path, process: BaseProcess, size_bytes: float = math.inf) -> None:
    """Wait until the file is gone, or as long as that."""
    with suppress(FileNotFoundError):
        while process.is_alive() and path.stat().st_size < size_bytes:
            time.sleep(0.0002)


def is_stopped(pid: int) -> bool:
    """Wait until the kernel has stopped it: what it was writing is then as it stays."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state in "TZX":
            return state == "T"
        time.sleep(0.0002)
    return False


def weights(run: Path) -> dict[str, np.ndarray]:
    """All arrays of the run's model."""
    found: dict[str, np.ndarray] = {}
    with (
        zipfile.ZipFile(Run.open(run).model_path) as archive,
        h5py.File(BytesIO(archive.read("model.weights.h5"))) as h5,
    ):
        h5.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    assert found
    return found


@pytest.mark.slow
def test_a_run_killed_in_the_middle_of_its_checkpoints_ends_as_one_that_never_was(tmp_path: Path) -> None:
    here = tmp_path / "here"
    imageset(here / "set", per_class=12)
    to_the_end(here, "--out", "whole")
    draw = random.Random(8)
    resume: tuple[str, ...] = ()
    for number in range(1, KILLS + 1):
        print(f"{number:3}  {killed_while_writing(here, draw, '--out', 'run', *resume)}")
        resume = ("--resume",)
    to_the_end(here, "--out", "run", "--resume")
    whole, run = weights(here / "whole"), weights(here / "run")
    assert whole.keys() == run.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(run[name], array)
    assert not [path for path in (here / "run").rglob("*") if ".fv-tmp-" in path.name]
