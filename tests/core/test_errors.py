"""The shape of every failure."""

from __future__ import annotations

import re

import pytest

from fv_core import errors
from fv_core.errors import FvError, InputError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FvError)]


def test_codes_are_unique_and_stable_words() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_when_it_happens_and_how_to_exit(kind: type[FvError]) -> None:
    assert kind.__doc__
    assert kind.exit_code in (1, 2, 3, 4)
    assert (kind.exit_code == 2) or not issubclass(kind, InputError)


def test_the_text_is_problem_and_reason() -> None:
    error = FvError("no cake", why="it was eaten", hint="bake one")
    assert (str(error), error.hint) == ("no cake: it was eaten", "bake one")
    assert str(FvError("no cake")) == "no cake"
