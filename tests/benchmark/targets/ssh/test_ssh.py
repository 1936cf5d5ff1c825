"""The whole way over ssh: OpenSSH's server on loopback, its own home folder there, this Python on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from fv_benchmark.answer import Question, answer
from fv_benchmark.device.errors import DeviceBusy
from fv_benchmark.errors import BadTarget
from fv_benchmark.protocol import Protocol
from fv_benchmark.targets import TargetOptions, make_target
from fv_benchmark.targets.ssh.errors import ConnectionLost, RuntimeMissing
from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from fv_edge_runtime.errors import BadModelFile
from tests.architecture.house import ROOT
from tests.benchmark.targets.ssh.board import NEEDS_SSHD, ON, Board, gone, running_with

pytestmark = NEEDS_SSHD
FV = str(Path(sys.executable).with_name("fv"))
QUICK = Protocol(blocks=2, block_seconds=0.02, warm_up_seconds=0.2)
LONG = replace(QUICK, block_seconds=60.0, max_calls=10**9)


class Spoken(Silent):
    """Keeps what was said and which tasks moved."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.tasks: set[str] = set()

    def say(self, message: str) -> None:
        self.said.append(message)

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        self.tasks.add(task)


def test_a_model_is_measured_and_answers_as_here(started: Board, tflite: Path, onnx: Path, pictures: ImageSet) -> None:
    question = Question(pictures.folder, "validation", threads=1, limit=20)
    target, progress = make_target(ON, TargetOptions(question=question)), Spoken()
    try:
        target.open([tflite, onnx], progress)
        for path in (tflite, onnx):
            block = target.measure(path, 1, QUICK)
            assert len(block.samples_ns) >= QUICK.min_calls
            assert block.peak_memory_bytes > 20_000_000
            assert block.before is not None
            there, here = target.answers(path, question, progress), answer(path, question, Silent(), "")
            assert there.ids == here.ids
            assert np.array_equal(there.probabilities, here.probabilities)
            assert there.model_sha256 == here.model_sha256
        now = target.snapshot()
        machine = target.describe(now, now)
    finally:
        below = started.sessions()
        target.close()
    assert (machine.target, machine.emulated) == ("ssh", None)
    assert machine.facts["environment"] == "the device's"
    assert [line for line in progress.said if "numpy" in line]
    assert gone(below) == []
    assert running_with(str(started.folder / "home")) == []
    assert {path.suffix for path in (started.home / ".cache/fv/blobs").iterdir()} == {".tflite", ".onnx", ".bin"}


def test_what_is_there_already_is_not_sent_again_and_clean_leaves_nothing(
    started: Board, onnx: Path, pictures: ImageSet
) -> None:
    question = Question(pictures.folder, "validation", threads=1, limit=5)
    sending = []
    for clean in (False, True):
        target, progress = make_target(ON, TargetOptions(question=question, clean=clean)), Spoken()
        try:
            target.open([onnx], progress)
            target.answers(onnx, question, progress)
        finally:
            target.close()
        sending.append({task for task in progress.tasks if task.startswith("sending")})
    assert sending == [{"sending tiny_fp32.onnx", "sending 5 pictures"}, set()]
    assert [path for path in started.home.rglob("*") if path.is_file()] == []


def test_photos_are_decoded_there_when_asked_for(
    started: Board, onnx: Path, tmp_path: Path, pictures: ImageSet
) -> None:
    from PIL import Image

    split = pictures.split("validation")
    for index, name in enumerate(split.ids):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(split.images[index])).save(path, format="PNG")
    question = Question(pictures.folder, "validation", threads=1, limit=6)
    target = make_target(ON, TargetOptions(question=question, decode_on_device=tmp_path / "photos"))
    try:
        target.open([onnx], Silent())
        there = target.answers(onnx, question, Silent())
    finally:
        target.close()
    assert np.array_equal(there.probabilities, answer(onnx, question, Silent(), "").probabilities)


VCGENCMD = """
case "$1" in
  get_throttled) echo throttled=0x50005 ;;
  pmic_read_adc) echo " VDD_CORE_A current(7)=2.5A"; echo " VDD_CORE_V volt(15)=0.8V" ;;
esac
"""


def test_a_pis_firmware_is_heard(board: Board, onnx: Path) -> None:
    board.program("vcgencmd", VCGENCMD)
    board.start()
    target = make_target(ON, TargetOptions())
    with closing(target):
        target.open([onnx], Silent())
        block = target.measure(onnx, 1, replace(QUICK, block_seconds=3.0))
        now = target.snapshot()
        machine = target.describe(now, now)
    assert block.before is not None
    assert block.after is not None
    # Bits 0 and 2: low voltage and throttled, now.
    assert block.before.throttled_bits == block.after.throttled_bits == 0b101
    assert block.energy_uj is not None
    # 2 W times the time of a call.
    assert block.energy_uj == pytest.approx(2.0 * float(np.mean(block.samples_ns)) / 1000)
    assert machine.energy.startswith("measured (the Pi 5's power chip")


def test_a_run_without_a_pause_comes_back_in_slices(started: Board, onnx: Path) -> None:
    target = make_target(ON, TargetOptions())
    try:
        target.open([onnx], Silent())
        run = target.sustain(onnx, 1, 1.2, Silent())
    finally:
        target.close()
    assert len(run.slices) == 2
    assert run.runtime.startswith("onnxruntime")


def test_a_damaged_model_is_the_same_error_as_here(started: Board, tmp_path: Path) -> None:
    path = tmp_path / "bad.tflite"
    path.write_bytes(b"\x18\x00\x00\x00TFL3" + bytes(range(256)) * 4)
    target = make_target(ON, TargetOptions())
    try:
        target.open([path], Silent())
        with pytest.raises(BadModelFile):
            target.measure(path, 1, QUICK)
    finally:
        target.close()


def test_no_name_of_a_file_reaches_a_shell(started: Board, onnx: Path, tmp_path: Path) -> None:
    names = ["a;touch owned.onnx", "-oProxyCommand=x.onnx", "a\nb$(touch owned).onnx", "`touch owned`.onnx"]
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.write_bytes(onnx.read_bytes())
    target = make_target(ON, TargetOptions())
    with closing(target):
        target.open(paths, Silent())
        assert target.measure(paths[2], 1, QUICK).samples_ns
    assert not list(started.home.rglob("owned*"))


@pytest.mark.parametrize("whole", [False, True], ids=["cut", "server killed"])
def test_a_connection_that_breaks_in_the_middle(started: Board, onnx: Path, whole: bool) -> None:
    target = make_target(ON, TargetOptions())
    try:
        target.open([onnx], Silent())
        below = started.sessions()
        cutting = threading.Timer(1.0, started.stop if whole else started.cut)
        cutting.start()
        begun_s = time.monotonic()
        with pytest.raises(ConnectionLost) as error:
            target.measure(onnx, 1, LONG)
        cutting.join()
    finally:
        target.close()
    assert error.value.code == "connection-lost"
    assert time.monotonic() - begun_s < 10
    assert gone(below) == []
    assert gone(running_with(str(started.home))) == []
    target.close()


@pytest.mark.slow
def test_a_line_that_falls_silent_is_noticed(started: Board, onnx: Path) -> None:
    target = make_target(ON, TargetOptions())
    try:
        target.open([onnx], Silent())
        sleeping = [process for process in started.sessions() if process.name().startswith("sshd")]
        for process in sleeping:
            process.suspend()
        with pytest.raises(ConnectionLost):
            target.measure(onnx, 1, LONG)
    finally:
        target.close()
    started.stop()
    # The device learns of it when its end of the line is closed, and its worker then.
    assert gone(running_with(str(started.home))) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_when_we_are_ended_nothing_stays_behind(started: Board, onnx: Path, how: signal.Signals) -> None:
    command = [FV, "benchmark", str(onnx), "--on", ON, "--sustained", "1m"]
    noise = (started.folder / "noise.txt").open("wb")
    ours = subprocess.Popen(command, stdout=noise, stderr=noise, cwd=ROOT)
    try:
        end_s = time.monotonic() + 90
        while not running_with(str(started.home)) and time.monotonic() < end_s and ours.poll() is None:
            time.sleep(0.1)
        time.sleep(0.5)
        below = started.sessions()
        helpers = psutil.Process(ours.pid).children(recursive=True)
        assert running_with(str(started.home)), (started.folder / "noise.txt").read_text()
        ours.send_signal(how)
        assert ours.wait(15) in (-signal.SIGKILL, 130, 143)
    finally:
        noise.close()
        ours.kill()
        ours.wait()
    assert gone(below) == []
    assert gone(helpers) == []


def test_two_at_once_would_measure_each_other(started: Board, onnx: Path) -> None:
    first, second = (make_target(ON, TargetOptions()) for _ in range(2))
    try:
        first.open([onnx], Silent())
        with pytest.raises(DeviceBusy):
            second.open([onnx], Silent())
        first.close()
        second.close()
        second.open([onnx], Silent())
    finally:
        first.close()
        second.close()


def test_what_is_missing_there_is_named_with_the_command(board: Board, onnx: Path, tmp_path: Path) -> None:
    # An interpreter without any packages: no environment, no user's folder.
    board.program("python3", f'exec {sys.executable} -S "$@"')
    board.start()
    target = make_target(ON, TargetOptions())
    with closing(target), pytest.raises(RuntimeMissing) as error:
        target.open([onnx], Silent())
    assert "lacks numpy and onnxruntime" in error.value.problem
    assert "--install" in error.value.hint
    assert "pip install 'numpy>=1.26' 'onnxruntime>=1.23'" in error.value.hint


def test_an_address_that_is_none_is_refused_before_anything_is_done() -> None:
    with pytest.raises(BadTarget):
        make_target("ssh://-oProxyCommand=touch owned", TargetOptions())


def test_the_command_line_gives_a_table_and_a_report(started: Board, onnx: Path, pictures: ImageSet) -> None:
    report = started.folder / "report.json"
    command = [FV, "benchmark", str(onnx), "--on", "local", "--on", ON]
    command += ["--data", str(pictures.folder), "--limit", "10", "--runs", "1", "--json", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    said = json.loads(report.read_text())
    assert [machine["target"] for machine in said["machines"]] == ["local", "ssh"]
    tops = {result["accuracy"]["top1"] for result in said["results"]}
    assert len(tops) == 1
    # A report is shown to others: it names no host and no user.
    assert str(started.port) not in report.read_text()
    assert "board" not in {value for machine in said["machines"] for value in machine["facts"].values()}
