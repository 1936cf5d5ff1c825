"""Which arithmetic the network is trained in, and whether the step is compiled with XLA.

The hardware says which 16-bit arithmetic is worth trying. GPU: bfloat16 from compute capability 8.0 on (Ampere, the
first with bfloat16 tensor cores), float16 with loss scaling before; XLA on. CPU: bfloat16, if the processor has
instructions for it. A few timed steps of this very network then say whether it is faster than float32, and the answer
is printed; that costs two compilations, none with `compute` set in the recipe.

XLA is off on a CPU under TensorFlow: its depthwise convolutions are not vectorized there (MobileNetV3Small, 160 px,
batch 64, two cores: 7 images/s with XLA, 209 without). On JAX there is no step without XLA.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fv_train.recipe import Precision

_CPU_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")
# A switch has to pay for the rougher arithmetic: below this gain the difference is within what timing can tell.
_MIN_GAIN = 1.1


@dataclass(frozen=True)
class Choice:
    """`compute`: a Keras dtype policy. `jit`: XLA or not. `why`: in words, printed at the start."""

    compute: str
    jit: bool
    why: str


@dataclass(frozen=True)
class Device:
    """What there is. `backend`: of Keras. `gpu`: whether it sees one. `capability`: its, (0, 0) where not known."""

    backend: str
    gpu: bool
    capability: tuple[int, int]
    cpu_has_bfloat16: bool


def this_device() -> Device:
    """The device that Keras will train on."""
    import keras

    backend = keras.backend.backend()
    gpu = sees_gpu()
    return Device(backend, gpu, _capability(backend) if gpu else (0, 0), _cpu_has_bfloat16())


def sees_gpu() -> bool:
    """Whether Keras's backend sees a GPU. (JAX raises when it is asked for a kind of device that is not there.)"""
    import keras

    return any(name.startswith(("gpu", "cuda")) for name in keras.distribution.list_devices())


def choose(settings: Precision, device: Device, seconds_per_step: Callable[[str, bool], float]) -> Choice:
    """Resolve `auto`. `seconds_per_step(policy, jit)` times the real step, infinite where it does not fit into memory.

    It is called only where the answer is open.
    """
    jit = {"on": True, "off": False, "auto": device.gpu or device.backend != "tensorflow"}[settings.jit]
    if settings.compute != "auto":
        return Choice(settings.compute, jit, "as the recipe says")
    half = _half_of(device)
    if not half:
        return Choice("float32", jit, "a CPU without bfloat16 instructions")
    full_s, half_s = seconds_per_step("float32", jit), seconds_per_step(half, jit)
    where = "this GPU" if device.gpu else "this CPU"
    if full_s == math.inf:
        # Nothing to compare with: less memory is the better choice, and the first step will tell.
        return Choice(half, jit, f"a step in float32 does not fit into the memory of {where}, measured")
    name = half.removeprefix("mixed_")
    ratio = f"{name} takes {half_s / full_s:.2f} x the time of float32 on {where}, measured"
    return Choice(half if full_s > _MIN_GAIN * half_s else "float32", jit, ratio)


def _half_of(device: Device) -> str:
    """The 16-bit policy that the hardware has instructions for; empty where it has none."""
    if not device.gpu:
        return "mixed_bfloat16" if device.cpu_has_bfloat16 else ""
    known_and_old = (0, 0) < device.capability < (8, 0)
    return "mixed_float16" if known_and_old else "mixed_bfloat16"


def _capability(backend: str) -> tuple[int, int]:
    if backend != "tensorflow":
        return (0, 0)
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    major, minor = details.get("compute_capability", (0, 0))
    return int(major), int(minor)


def _cpu_has_bfloat16() -> bool:
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return False
    flags = next((line for line in info.read_text().splitlines() if line.startswith(("flags", "Features"))), "")
    return any(flag in _CPU_BFLOAT16_FLAGS for flag in flags.split())
