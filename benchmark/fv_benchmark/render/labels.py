"""How machines and rows are called where there are several: short, different from each other, and no host or user."""

from __future__ import annotations

import re

from fv_benchmark.machine import Machine
from fv_benchmark.report import Report, Result
from fv_core.names import numbered

_LOCAL = "local"
# What makes a name long and tells nothing apart: trade marks, the word processor, a board's revision.
_FILLING = re.compile(r"\((?:R|TM)\)|\b(?:Processor|CPU)\b|\bRev\s+[\d.]+", re.IGNORECASE)
# A column's heading has to leave room for the figures of three devices on a terminal of 120 columns.
_MAX_CHARACTERS = 28


def machine_names(report: Report) -> list[str]:
    """One name a machine: its board or processor, and how it was reached; numbered where two are called alike."""
    return numbered(_name(machine) for machine in report.machines)


def row_name(report: Report, result: Result) -> str:
    """The model, and the machine where the report has several."""
    if len(report.machines) == 1:
        return result.model
    return f"{result.model} · {machine_names(report)[result.machine]}"


def _name(machine: Machine) -> str:
    full = machine.board or machine.cpu
    name = " ".join(_FILLING.sub(" ", full).split()) or full
    short = name if len(name) <= _MAX_CHARACTERS else f"{name[: _MAX_CHARACTERS - 1].rstrip()}…"
    emulated = ", emulated" if machine.emulated is not None else ""
    return short if machine.target == _LOCAL and not emulated else f"{short} ({machine.target}{emulated})"
