"""Which of disk, CPU and device holds a training up: with an input that is slow in each of the three ways."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fv_core.imageset import Split
from fv_train.data import Feed, TrainBatches
from fv_train.input_limit import SLOW_SHARE, Limit, Meter
from tests.train._pictures import tiny_recipe

# Long against everything else that a tiny batch takes, short against the patience of a test.
SLOW_S = 0.05


def burn(seconds: float) -> None:
    """Keep a core busy."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


class Slow:
    """Pictures that take their time: `how(seconds)` before each read, as a disk (asleep) or a decoder (busy) would."""

    def __init__(self, images: np.ndarray, how: Any) -> None:
        self._images = images
        self._how = how

    def __getitem__(self, chosen: np.ndarray) -> np.ndarray:
        self._how(SLOW_S)
        return self._images[chosen]


def found(how: Any, step_s: float) -> Limit:
    """The verdict on an epoch of six steps over such pictures; each step takes `step_s`."""
    images = np.zeros((48, 16, 16, 3), dtype=np.uint8)
    labels = np.arange(48, dtype=np.int32) % 3
    split = Split("train", Slow(images, how), labels, tuple(map(str, range(48))))  # type: ignore[arg-type]  # read alike
    batches = TrainBatches(split, np.arange(48), 3, tiny_recipe())
    started = time.perf_counter()
    with Feed(batches, 0, 0, 0) as feed:
        for _ in feed:
            time.sleep(step_s)
        return feed.limit(feed.waited_s / (time.perf_counter() - started))


def test_a_source_that_sleeps_is_a_slow_disk() -> None:
    limit = found(time.sleep, 0.0)
    assert limit.what == "disk"
    assert limit.disk_s == pytest.approx(6 * SLOW_S, rel=0.3)
    assert "the disk is the limit" in limit.sentence()
    assert "faster disk" in limit.sentence()


def test_a_source_that_computes_is_a_slow_cpu() -> None:
    limit = found(burn, 0.0)
    assert limit.what == "CPU"
    assert limit.cpu_s > 5 * SLOW_S
    assert "the CPU is the limit" in limit.sentence()
    assert "augment.rand_operations=0" in limit.sentence()


def test_a_slow_step_is_a_slow_device_and_nothing_is_said() -> None:
    # Four batches are ready when the first step ends, and two threads make one in 25 ms: only the first is waited for.
    limit = found(lambda seconds: None, 4 * SLOW_S)
    assert limit.what == "device"
    assert limit.sentence() == ""


def test_the_share_decides_whether_anything_is_said() -> None:
    meter = Meter()
    with meter.making(), meter.reading():
        time.sleep(SLOW_S)
    assert meter.limit(SLOW_SHARE).what == "device"
    assert meter.limit(SLOW_SHARE + 0.001).what == "disk"


def test_queueing_for_a_core_is_not_taken_for_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from fv_train import input_limit

    queue = tmp_path / "schedstat"
    queue.write_text("0 0 0\n")
    monkeypatch.setattr(input_limit, "_SCHEDSTAT", queue)
    meter = Meter()
    with meter.making(), meter.reading():
        time.sleep(SLOW_S)
        queue.write_text(f"0 {int(SLOW_S * 1e9)} 7\n")
    assert meter.limit(1.0).what == "CPU"


def test_a_system_without_schedstat_does_not_guess(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from fv_train import input_limit

    monkeypatch.setattr(input_limit, "_SCHEDSTAT", tmp_path / "none")
    meter = Meter()
    with meter.making(), meter.reading():
        burn(SLOW_S)
    assert meter.limit(1.0).what == "input"
    assert meter.limit(0.0).what == "device"
