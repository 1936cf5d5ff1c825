"""The choice of arithmetic: by hardware, and by a measurement only where the hardware leaves it open."""

from __future__ import annotations

import math

import pytest

from fv_train.precision import Device, choose, this_device
from fv_train.recipe import Precision

CPU = Device("tensorflow", gpu=False, capability=(0, 0), cpu_has_bfloat16=False)
AMX = Device("tensorflow", gpu=False, capability=(0, 0), cpu_has_bfloat16=True)
AMPERE = Device("tensorflow", gpu=True, capability=(8, 0), cpu_has_bfloat16=False)
VOLTA = Device("tensorflow", gpu=True, capability=(7, 0), cpu_has_bfloat16=True)
HOPPER_UNDER_JAX = Device("jax", gpu=True, capability=(0, 0), cpu_has_bfloat16=False)
JAX = Device("jax", gpu=False, capability=(0, 0), cpu_has_bfloat16=False)


def never(policy: str, jit: bool) -> float:
    raise AssertionError("measured where the answer was known")


@pytest.mark.parametrize(("device", "jit"), [(CPU, False), (JAX, True)])
def test_a_cpu_without_bfloat16_needs_no_measurement(device: Device, jit: bool) -> None:
    found = choose(Precision(), device, never)
    assert (found.compute, found.jit) == ("float32", jit)
    assert found.why == "a CPU without bfloat16 instructions"


# The hardware says what is tried, the measurement whether it is taken, and `why`, which is printed, has both.
@pytest.mark.parametrize(
    ("device", "half", "where"),
    [
        (AMX, "mixed_bfloat16", "this CPU"),
        (AMPERE, "mixed_bfloat16", "this GPU"),
        (HOPPER_UNDER_JAX, "mixed_bfloat16", "this GPU"),
        (VOLTA, "mixed_float16", "this GPU"),
    ],
)
@pytest.mark.parametrize(("half_s", "gains"), [(0.5, True), (0.99, False), (2.0, False)])
def test_what_the_hardware_offers_is_measured_and_the_ratio_said(
    device: Device, half: str, where: str, half_s: float, gains: bool
) -> None:
    asked = []

    def timer(policy: str, jit: bool) -> float:
        asked.append((policy, jit))
        return 1.0 if policy == "float32" else half_s

    found = choose(Precision(), device, timer)
    assert [policy for policy, _ in asked] == ["float32", half]
    assert {jit for _, jit in asked} == {found.jit} == {device.gpu}
    assert found.compute == (half if gains else "float32")
    assert found.why == f"{half.removeprefix('mixed_')} takes {half_s:.2f} x the time of float32 on {where}, measured"


@pytest.mark.parametrize("half_s", [1.0, math.inf])
def test_where_float32_does_not_fit_the_smaller_one_is_taken(half_s: float) -> None:
    found = choose(Precision(), AMPERE, lambda policy, jit: math.inf if policy == "float32" else half_s)
    assert found.compute == "mixed_bfloat16"
    assert "does not fit into the memory of this GPU" in found.why


def test_what_does_not_fit_in_half_is_not_taken() -> None:
    assert choose(Precision(), AMX, lambda policy, jit: 1.0 if policy == "float32" else math.inf).compute == "float32"


def test_the_recipe_is_obeyed_on_any_hardware() -> None:
    for device in (CPU, AMX, AMPERE):
        found = choose(Precision("mixed_float16", "on"), device, never)
        assert (found.compute, found.jit) == ("mixed_float16", True)
        assert choose(Precision("float32", "off"), device, never).jit is False


def test_this_machine_has_an_answer() -> None:
    assert this_device().backend == "tensorflow"
