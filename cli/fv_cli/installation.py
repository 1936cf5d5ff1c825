"""What is installed here, whether it loads, and the command that mends what is missing or broken. For `fv doctor`.

Each library is imported in a child process of its own: TensorFlow takes seconds and prints, and a native library that
was built for another processor takes its process down. The children run side by side.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# The instructions that XNNPACK and onnxruntime have 8-bit kernels for (xnnpack/src/configs/hardware-config.c), by the
# names that Linux gives them in /proc/cpuinfo: dot products of bytes, matrices of bytes, and their vector width.
_INT8_FEATURES = (
    "avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "asimd", "asimddp", "i8mm", "sve2",
)  # fmt: skip

# TensorFlow's first import after a boot takes up to half a minute from a slow SD card.
_IMPORT_LIMIT_S = 120
# nvidia-smi waits on a driver that hangs.
_NVIDIA_SMI_LIMIT_S = 20
_LIST_GPUS = (
    "import tensorflow as tf\n"
    "for gpu in tf.config.list_physical_devices('GPU'):\n"
    "    print(tf.config.experimental.get_device_details(gpu).get('device_name', gpu.name))"
)


@dataclass(frozen=True)
class Library:
    """A library that an extra of `fv` brings: its name for pip, what to import, and the extra."""

    name: str
    module: str
    extra: str


@dataclass(frozen=True)
class State:
    """A library here: `version` None when it is not installed; `problem` is empty when it loads."""

    library: Library
    version: str | None
    problem: str


@dataclass(frozen=True)
class Gpus:
    """Names of the GPUs that the driver sees, and of those that TensorFlow sees (None: TensorFlow does not load)."""

    driver: tuple[str, ...]
    tensorflow: tuple[str, ...] | None


@dataclass(frozen=True)
class Finding:
    """`kind` is `missing` (an extra that is not there) or `broken` (something that is there and does not work)."""

    kind: str
    what: str
    mend: str


RUNTIMES = (
    Library("ai-edge-litert", "ai_edge_litert.interpreter", "litert"),
    Library("tflite-runtime", "tflite_runtime.interpreter", "tflite-runtime"),
    Library("onnxruntime", "onnxruntime", "onnx"),
)
FRAMEWORKS = (
    Library("tensorflow", "tensorflow", "train"),
    Library("keras", "keras", "train"),
    Library("tensorflow-datasets", "tensorflow_datasets", "train"),
    Library("scikit-learn", "sklearn", "train"),
    Library("onnx", "onnx", "export"),
    Library("tf2onnx", "tf2onnx", "export"),
    Library("flatbuffers", "flatbuffers", "export"),
)


def states(libraries: tuple[Library, ...]) -> list[State]:
    """Version of each library and whether it can be imported, in the order given."""
    # As many as there are are started at once: they wait on the disk more than they compute.
    with ThreadPoolExecutor(max_workers=len(libraries)) as pool:
        return list(pool.map(state, libraries))


def state(library: Library) -> State:
    """Version of one library and whether it can be imported."""
    version = _version(library.name)
    if version is None:
        return State(library, None, "")
    return State(library, version, _run_python(f"import {library.module}").problem)


def gpus(tensorflow_loads: bool) -> Gpus:
    """The GPUs of this machine as its driver and as TensorFlow see them."""
    listed = _run_python(_LIST_GPUS) if tensorflow_loads else None
    seen = None if listed is None or listed.problem else tuple(listed.output.splitlines())
    return Gpus(driver=_driver_gpus(), tensorflow=seen)


def int8_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> tuple[str, ...]:
    """Those of the processor's features that make 8-bit models fast; empty where Linux does not tell."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    line = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    present = set(line[1].split()) if line else set()
    return tuple(name for name in _INT8_FEATURES if name in present)


def findings(found: list[State], graphics: Gpus) -> list[Finding]:
    """What is wrong, worst first, each with the command that mends it."""
    broken = [
        Finding(
            "broken", f"{one.library.name} {one.version} does not load: {one.problem}", _reinstall(one.library.name)
        )
        for one in found
        if one.problem
    ]
    return broken + _gpu_findings(graphics) + _missing(found)


def _missing(found: list[State]) -> list[Finding]:
    absent = [one.library for one in found if one.version is None]
    have_tflite = any(one.version for one in found if one.library in RUNTIMES[:2])
    by_extra: dict[str, list[str]] = {}
    for library in absent:
        # One TFLite runtime is enough, and ai-edge-litert is the one to have.
        if library in RUNTIMES[:2] and (have_tflite or library is RUNTIMES[1]):
            continue
        by_extra.setdefault(library.extra, []).append(library.name)
    return [
        Finding("missing", f"{', '.join(names)}: {_PURPOSE[extra]}", f"pip install 'fv[{extra}]'")
        for extra, names in by_extra.items()
    ]


_PURPOSE = {
    "litert": "needed to run TFLite files",
    "onnx": "needed to run ONNX files",
    "train": "needed to train, and to export",
    "export": "needed to export",
}


def _gpu_findings(graphics: Gpus) -> list[Finding]:
    if not graphics.driver or graphics.tensorflow is None or graphics.tensorflow:
        return []
    what = f"TensorFlow does not see the GPU ({', '.join(graphics.driver)}); training will use the processor"
    if _version("nvidia-cudnn-cu12") is None:
        return [Finding("broken", what, "pip install 'fv[gpu]'")]
    why = "TF_CPP_MIN_LOG_LEVEL=0 python -c \"import tensorflow; tensorflow.config.list_physical_devices('GPU')\""
    return [Finding("broken", f"{what}; its CUDA libraries are installed, so ask it why", why)]


def _driver_gpus() -> tuple[str, ...]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    answer = _run([program, "--query-gpu=name", "--format=csv,noheader"], _NVIDIA_SMI_LIMIT_S)
    return () if answer.problem else tuple(line.strip() for line in answer.output.splitlines() if line.strip())


@dataclass(frozen=True)
class _Answer:
    output: str
    problem: str


def _run_python(program: str) -> _Answer:
    return _run([sys.executable, "-c", program], _IMPORT_LIMIT_S)


def _run(command: list[str], limit_s: int) -> _Answer:
    """Run a child; `problem` is its last line of complaint, or how it ended."""
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, errors="replace")
    except subprocess.TimeoutExpired:
        return _Answer("", f"no answer after {limit_s} s")
    except OSError as error:
        return _Answer("", str(error))
    if child.returncode == 0:
        return _Answer(child.stdout, "")
    if child.returncode < 0:
        return _Answer("", f"the process was ended by signal {-child.returncode}")
    complaints = child.stderr.strip().splitlines() or [f"exit code {child.returncode}"]
    return _Answer("", complaints[-1])


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _reinstall(name: str) -> str:
    return f"pip install --force-reinstall {name}"
