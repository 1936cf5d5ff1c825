from __future__ import annotations

import pytest

from fv_core.text import printable


@pytest.mark.parametrize("text", ["", "pizza", "crème brûlée", "寿司", "👩‍🍳 chef", "a b-c_d (e)"])
def test_fit_text_is_unchanged(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc", "a\\x0ab\\x0d\\x09c"),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2028", "\\u2028"),
        ("\U000e0001", "\\U000e0001"),
        ("\ud800", "\\ud800"),
    ],
)
def test_unfit_characters_become_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_long_text_is_cut() -> None:
    assert printable("x" * 10, max_characters=10) == "x" * 10
    assert printable("x" * 11, max_characters=10) == "x" * 9 + "…"
