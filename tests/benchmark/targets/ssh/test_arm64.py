"""An Arm board, emulated: real Arm builds of the runtimes answer there. Needs root and what perf/arm64_userland makes.

perf/arm64_userland build DIR && perf/arm64_userland wheels WHEELS
FV_ARM64_ROOT=DIR FV_ARM64_WHEELS=WHEELS pytest tests/benchmark/targets/ssh/test_arm64.py
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from fv_benchmark.answer import Question, answer
from fv_benchmark.protocol import Protocol
from fv_benchmark.targets import TargetOptions, make_target
from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from tests.architecture.house import ROOT
from tests.benchmark.targets.ssh.board import _free_port

USERLAND = os.environ.get("FV_ARM64_ROOT")
WHEELS = os.environ.get("FV_ARM64_WHEELS")
# Float arithmetic in another order: exp and the sums of a softmax may differ in the last bits of float32.
LAST_BITS = 1e-5

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(USERLAND is None, reason="FV_ARM64_ROOT is not set: perf/arm64_userland build makes one"),
    pytest.mark.skipif(WHEELS is None, reason="FV_ARM64_WHEELS is not set: perf/arm64_userland wheels fetches them"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a chroot"),
    pytest.mark.timeout(1200),
]


@pytest.fixture
def emulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address that logs in to the emulated user land, with an empty home folder there."""
    home = f"/home/user/test-{os.getpid()}"
    state = tmp_path / "state"
    script = ROOT / "perf/arm64_userland"
    subprocess.run([script, "sshd", str(USERLAND), state, str(_free_port()), home], check=True, capture_output=True)
    monkeypatch.setenv("FV_SSH", f"ssh -F {state}/ssh_config")
    try:
        yield "ssh://emulated-pi"
    finally:
        os.kill(int((state / "sshd.pid").read_text()), signal.SIGTERM)
        shutil.rmtree(f"{USERLAND}{home}", ignore_errors=True)


def test_from_nothing_to_the_same_answers(emulated: str, tflite: Path, onnx: Path, pictures: ImageSet) -> None:
    question = Question(pictures.folder, "validation", threads=2, limit=24)
    options = TargetOptions(question=question, install=True, wheels=Path(str(WHEELS)), clean=True)
    target = make_target(emulated, options)
    with closing(target):
        target.open([tflite, onnx], Silent())
        for path in (tflite, onnx):
            block = target.measure(path, 1, Protocol(blocks=1, block_seconds=0.01, warm_up_seconds=0.1))
            assert block.samples_ns
            there, here = target.answers(path, question, Silent()), answer(path, question, Silent(), "")
            assert np.array_equal(there.answers(), here.answers())
            assert np.allclose(there.probabilities, here.probabilities, rtol=0, atol=LAST_BITS)
        now = target.snapshot()
        machine = target.describe(now, now)
    assert machine.architecture == "aarch64"
    assert machine.emulated == "qemu-user on x86_64"
