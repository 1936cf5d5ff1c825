"""Trainings in processes of their own, and what they leave."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.train.distribute._loopback import addresses

SCRIPT = Path(__file__).parent / "_process.py"
SETTINGS = (
    *("precision.compute=float32", "augment.mixup=0.2", "augment.cutmix=1.0"),
    *("optimizer.clip_norm=0.5", "optimizer.ema_decay=0.9", "select.keep=last", "stage.scratch.epochs=3"),
    *("distill.weight=0.5", "distill.temperature=2"),
)
DISTRIBUTED = "distribute=data_parallel"
# A start takes ten seconds of processor time; the machine may have ten times as much to do as it can.
LIMIT_S = 240.0


@dataclass(frozen=True)
class Ended:
    """`code`: exit code. `said`: everything it printed. `seconds`: since the moment that was asked for."""

    code: int
    said: str
    seconds: float


@dataclass(frozen=True)
class Place:
    """Where and under which backend trainings of one test run."""

    pictures: Path
    folder: Path
    backend: str

    def alone(self, name: str, devices: int, *settings: str) -> Path:
        """Train in one process and return the run."""
        out = self.folder / name
        process = self._start(out, devices, "", settings)
        said, _ = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0, said
        return out

    def together(self, name: str, *words: str, kill: int | None = None) -> tuple[Path, list[Ended]]:
        """Train with two workers of one device each; `kill`: this one is killed in the second epoch."""
        out, workers = self.folder / name, addresses()
        words = (DISTRIBUTED, *words)
        logs = [self.folder / f"{name}.{index}.log" for index in (0, 1)]
        processes = []
        for index, log in enumerate(logs):
            log.unlink(missing_ok=True)
            with log.open("w") as stream:
                processes.append(self._start(out, 1, f"{index} {','.join(workers)}", words, stream))
        try:
            since = time.monotonic()
            if kill is not None:
                while "step epoch 2/" not in logs[kill].read_text():
                    assert time.monotonic() - since < LIMIT_S, logs[kill].read_text()
                    assert processes[kill].poll() is None, logs[kill].read_text()
                    time.sleep(0.05)
                processes[kill].kill()
                since = time.monotonic()
            ended = []
            for process, log in zip(processes, logs, strict=True):
                process.wait(LIMIT_S)
                ended.append(Ended(process.returncode, log.read_text(), time.monotonic() - since))
            return out, ended
        finally:
            for process in processes:
                process.kill()

    def _start(
        self, out: Path, devices: int, team: str, words: tuple[str, ...], stdout: object = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        command = [sys.executable, str(SCRIPT), str(devices), str(self.pictures), str(out), *SETTINGS, *words]
        environment = {**os.environ, "KERAS_BACKEND": self.backend, "FV_TEAM": team}
        return subprocess.Popen(
            command,
            env=environment,
            stdout=stdout,  # type: ignore[arg-type]  # a file or PIPE
            stderr=subprocess.STDOUT,
            text=True,
        )


def losses(run: Path) -> list[float]:
    """The training loss of each epoch."""
    with (run / "history.csv").open(newline="") as stream:
        return [float(row["loss"]) for row in csv.DictReader(stream)]


def differences(one: Path, other: Path) -> NDArray[np.float64]:
    """Of all weights, averages and moments at the end of two trainings, `OUT.INDEX.npz`: (n,), none negative."""
    with np.load(one) as a, np.load(other) as b:
        assert a.files == b.files
        # Seeds of random states count steps: large whole numbers.
        return np.concatenate([np.abs(a[name].astype(np.float64) - b[name]).ravel() for name in a.files])
