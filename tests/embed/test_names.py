"""Any text becomes a title, a path, a package of Java and a module of Swift."""

from __future__ import annotations

import re

import pytest

from fv_embed.names import Names, names_for
from tests.embed import hostile


def test_a_usual_name() -> None:
    assert names_for("Food 101, v2") == Names("Food 101, v2", "food-101-v2", "com.example.food_101_v2", "Food101V2")


@pytest.mark.parametrize(
    "name", [*hostile.LABELS, hostile.NAME, "101 foods", "寿司", "-rf", "a" * 500, "Kotlin", "class"]
)
def test_any_name(name: str) -> None:
    names = names_for(name)
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,50}", names.slug)
    assert not names.slug.endswith("-")
    assert re.fullmatch(r"com\.example\.[a-z][a-z0-9_]*", names.java_package)
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", names.swift_module)
    assert 0 < len(names.title) <= 60
    assert names.title.isprintable() or "\u200d" in names.title


def test_a_name_of_which_nothing_is_left() -> None:
    assert names_for("寿司") == Names("寿司", "classifier", "com.example.classifier", "Classifier")
    assert names_for(" \n ").title == "classifier"


@pytest.mark.parametrize("word", ["class", "object", "in", "new", "native"])
def test_a_reserved_word_is_no_package(word: str) -> None:
    assert names_for(word).java_package == f"com.example.{word}_app"


def test_marks_of_direction_are_shown_in_the_title() -> None:
    assert names_for("a\u202eb").title == "a\\u202eb"
