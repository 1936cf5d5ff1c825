"""Why a worker stopped reaches the others; what comes from another machine is shown, never obeyed."""

from __future__ import annotations

import pytest

from fv_core.errors import FvError
from fv_train.distribute.stopped import from_bytes, to_bytes
from fv_train.errors import NonFiniteLoss, TeamMismatch, WorkerLost


@pytest.mark.parametrize("kind", [TeamMismatch, WorkerLost])
def test_what_concerns_the_team_is_the_same_everywhere(kind: type[FvError]) -> None:
    told = from_bytes(to_bytes(kind("p", why="w", hint="h")), "worker 1")
    assert (type(told), told.problem, told.why, told.hint) == (kind, "p", "w", "h")


def test_what_went_wrong_at_one_is_a_stopped_worker_at_the_others() -> None:
    told = from_bytes(to_bytes(NonFiniteLoss("the loss is nan", why="w", hint="h")), "worker 0")
    assert (type(told), str(told), told.hint) == (WorkerLost, "worker 0 stopped: the loss is nan: w", "h")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"3"])
def test_anything_else_is_a_worker_that_did_not_say(data: bytes) -> None:
    assert "did not say" in from_bytes(data, "worker 1").why


def test_control_characters_are_shown_as_text() -> None:
    told = from_bytes(to_bytes(WorkerLost("\x1b[2J" + "x" * 5000)), "worker 1")
    assert "\x1b" not in told.problem
    assert len(told.problem) < 1100
