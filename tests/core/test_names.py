"""Names that differ already stay; the others are counted."""

from __future__ import annotations

from fv_core.names import numbered


def test_different_names_stay_as_they_are() -> None:
    assert numbered(["b", "a"]) == ["b", "a"]
    assert numbered([]) == []


def test_the_same_name_again_gets_a_number() -> None:
    assert numbered(["x", "y", "x", "x", "y"]) == ["x", "y", "x (2)", "x (3)", "y (2)"]
