"""What differs between two machines, or between one machine on two days: whatever may have changed a latency."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fv_benchmark.machine import Machine
from fv_benchmark.render.labels import machine_names
from fv_benchmark.render.words import fact
from fv_benchmark.report import Report

_SHOWN: Mapping[str, Callable[[Machine], str | float | None]] = {
    "processor": lambda one: one.cpu,
    "board": lambda one: one.board,
    "cores": lambda one: one.cores,
    "memory": lambda one: None if one.memory_bytes is None else f"{one.memory_bytes / 1e9:.1f} GB",
    "system": lambda one: one.os,
    "kernel": lambda one: one.kernel,
    "governor": lambda one: one.governor,
    "highest clock": lambda one: None if one.frequency_mhz is None else f"{one.frequency_mhz:.0f} MHz",
    "Python": lambda one: one.python,
    "reached by": lambda one: one.target,
    "emulated by": lambda one: one.emulated,
}


def differences(a: Machine, b: Machine) -> list[str]:
    """One clause for each thing that is not alike: `governor ondemand before, performance now`."""
    before = {name: show(a) for name, show in _SHOWN.items()} | _facts(a)
    after = {name: show(b) for name, show in _SHOWN.items()} | _facts(b)
    return [
        f"{name} {fact(before.get(name))} before, {fact(after.get(name))} now"
        for name in (*before, *(name for name in after if name not in before))
        if before.get(name) != after.get(name)
    ]


def machine_pairs(a: Report, b: Report) -> list[tuple[int, int]]:
    """Which machine of B is compared with which of A: the one of the same name; a report's only one with all others.

    Two reports of one machine each are always compared: a model on a Pi against the same model on a desktop.
    """
    names_a, names_b = machine_names(a), machine_names(b)
    if len(names_a) == 1 or len(names_b) == 1:
        return [(i, j) for i in range(len(names_a)) for j in range(len(names_b))]
    return [(i, names_b.index(name)) for i, name in enumerate(names_a) if name in names_b]


def _facts(machine: Machine) -> dict[str, str | float | bool | None]:
    return {name.replace("_", " "): value for name, value in machine.facts.items()}
