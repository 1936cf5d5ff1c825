"""How a worker tells the others why it stopped."""

from __future__ import annotations

import json

from fv_core.errors import FvError
from fv_core.text import printable
from fv_train.errors import TeamMismatch, WorkerLost

# What another machine says goes into one line of a terminal.
_MAX_CHARACTERS = 1000


def to_bytes(error: FvError) -> bytes:
    """The error as it is sent."""
    told = {"code": error.code, "problem": error.problem, "why": error.why, "hint": error.hint}
    return json.dumps(told).encode()


def from_bytes(data: bytes, name: str) -> FvError:
    """The error that this worker raises when the worker `name` has sent `data`."""
    try:
        found = json.loads(data)
        code, problem, why, hint = (
            printable(str(found[key]), max_characters=_MAX_CHARACTERS) for key in ("code", "problem", "why", "hint")
        )
    except (ValueError, KeyError, TypeError):
        return WorkerLost(f"{name} stopped", why="it did not say why")
    for kind in (TeamMismatch, WorkerLost):
        if code == kind.code:
            return kind(problem, why=why, hint=hint)
    return WorkerLost(f"{name} stopped: {problem}", why=why, hint=hint)
