"""The choice of arithmetic: by hardware, and by a measurement only where the hardware leaves it open."""

from __future__ import annotations

import pytest

from fv_train.precision import Device, choose, this_device
from fv_train.recipe import Precision

CPU = Device("tensorflow", gpu=False, capability=(0, 0), cpu_has_bfloat16=False)
AMX = Device("tensorflow", gpu=False, capability=(0, 0), cpu_has_bfloat16=True)
AMPERE = Device("tensorflow", gpu=True, capability=(8, 0), cpu_has_bfloat16=False)
VOLTA = Device("tensorflow", gpu=True, capability=(7, 0), cpu_has_bfloat16=True)
JAX = Device("jax", gpu=False, capability=(0, 0), cpu_has_bfloat16=False)


def never(policy: str, jit: bool) -> float:
    raise AssertionError("measured where the answer was known")


@pytest.mark.parametrize(
    ("device", "compute", "jit"),
    [
        (CPU, "float32", False),
        (AMPERE, "mixed_bfloat16", True),
        (VOLTA, "mixed_float16", True),
        (JAX, "float32", True),
    ],
)
def test_known_hardware_needs_no_measurement(device: Device, compute: str, jit: bool) -> None:
    found = choose(Precision(), device, never)
    assert (found.compute, found.jit) == (compute, jit)
    assert found.why


@pytest.mark.parametrize(("half", "compute"), [(0.5, "mixed_bfloat16"), (0.99, "float32"), (2.0, "float32")])
def test_a_cpu_with_bfloat16_is_measured(half: float, compute: str) -> None:
    found = choose(Precision(), AMX, lambda policy, jit: half if policy == "mixed_bfloat16" else 1.0)
    assert found.compute == compute
    assert f"{half:.2f} x" in found.why


def test_the_recipe_is_obeyed_on_any_hardware() -> None:
    for device in (CPU, AMX, AMPERE):
        found = choose(Precision("mixed_float16", "on"), device, never)
        assert (found.compute, found.jit) == ("mixed_float16", True)
        assert choose(Precision("float32", "off"), device, never).jit is False


def test_this_machine_has_an_answer() -> None:
    assert this_device().backend == "tensorflow"
