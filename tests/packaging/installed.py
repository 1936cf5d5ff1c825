"""A fresh virtual environment with the wheel of this repository in it, and what it is asked to run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_INSTALL_LIMIT_S = 540
_RUN_LIMIT_S = 120


@dataclass(frozen=True)
class Setup:
    """One way to install `fv` on a device: the extra, the constraints file, the suffix that it runs, the runtime."""

    extra: str
    constraints: str
    suffix: str
    runtime: str
    other_suffix: str
    other_extra: str


SETUPS = {
    "litert": Setup("litert", "constraints.txt", ".tflite", "ai-edge-litert", ".onnx", "onnx"),
    "onnx": Setup("onnx", "constraints.txt", ".onnx", "onnxruntime", ".tflite", "litert"),
    "tflite-runtime": Setup(
        "tflite-runtime", "constraints-tflite-runtime.txt", ".tflite", "tflite-runtime", ".onnx", "onnx"
    ),
}


@dataclass(frozen=True)
class Device:
    """An environment with one extra installed. `folder` holds `model.tflite`, `model.onnx` and `photo.png`."""

    setup: Setup
    python: Path
    folder: Path

    @property
    def model(self) -> str:
        """The model file that this environment has a runtime for."""
        return f"model{self.setup.suffix}"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, outside of the repository."""
        program = self.python.with_name(command[0])
        return subprocess.run(
            [str(program), *command[1:]], capture_output=True, text=True, timeout=_RUN_LIMIT_S, cwd=self.folder
        )

    def json(self, *command: str) -> Any:
        """Run a program that must succeed and print JSON."""
        done = self.run(*command)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def build_wheel(folder: Path) -> Path:
    """The wheel of this repository."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_LIMIT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def find_python(setup: Setup) -> str:
    """A Python that the extra has wheels for; skips where there is none."""
    if setup.extra != "tflite-runtime" or sys.version_info[:2] == (3, 11):
        return sys.executable
    program = "import ensurepip, sys; print(sys.executable)"
    try:
        done = subprocess.run(["python3.11", "-c", program], capture_output=True, text=True, timeout=30)  # noqa: S607 - looked for on the PATH on purpose
    except OSError:
        pytest.skip("tflite-runtime needs Python 3.11, and there is none")
    if done.returncode != 0:
        pytest.skip("tflite-runtime needs a Python 3.11 that works, and there is none")
    return done.stdout.strip()


def install(wheel: Path, setup: Setup, folder: Path) -> Path:
    """Make the environment and return its Python. Skips when pip reaches no index; from then on it must succeed."""
    subprocess.run([find_python(setup), "-m", "venv", str(folder)], check=True, timeout=_INSTALL_LIMIT_S)
    python = folder / "bin" / "python"
    constraints = ["-c", str(ROOT / setup.constraints)]
    probe = _pip(python, "--dry-run", "--no-deps", *constraints, "markupsafe")
    if probe.returncode != 0:
        pytest.skip(f"pip reaches no index: {(probe.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    done = _pip(python, *constraints, f"fv[{setup.extra}] @ {wheel.as_uri()}")
    assert done.returncode == 0, done.stderr
    return python


def _pip(python: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_LIMIT_S)
