import json
from dataclasses import dataclass, field

import pytest

from fv_benchmark import strict


@dataclass(frozen=True)
class Thing:
    name: str
    size: float
    count: int | None = None
    extras: dict = field(default_factory=dict)


def test_exactly_the_fields_are_taken():
    assert strict.plain(Thing, {"name": "a", "size": 1}) == Thing("a", 1)
    assert strict.plain(Thing, {"name": "a", "size": 1.5, "count": 3}) == Thing("a", 1.5, 3)


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "a"},
        {"name": "a", "size": 1, "more": 2},
        {"name": 3, "size": 1},
        {"name": "a", "size": "1"},
        {"name": "a", "size": True},
        {"name": "a", "size": float("nan")},
        {"name": "a", "size": float("inf")},
        {"name": "a", "size": 1, "count": 1.5},
        {"name": None, "size": 1},
    ],
)
def test_anything_else_is_refused(entry):
    with pytest.raises(strict.UNFIT):
        strict.plain(Thing, entry)


@pytest.mark.parametrize("values", [[], [0], [-1], [1.5], [True], "12", {"1": 1}, None, [1, "2"]])
def test_counts_are_positive_whole_numbers(values):
    with pytest.raises(strict.UNFIT):
        strict.counts(values)


def test_facts_are_flat():
    assert strict.facts({"a": 1, "b": None, "c": True, "d": "x"})
    for wrong in ([], {"a": []}, {"a": {}}, {"a": float("inf")}):
        with pytest.raises(strict.UNFIT):
            strict.facts(wrong)


def test_not_a_number_is_no_json():
    with pytest.raises(ValueError, match="NaN"):
        json.loads("[NaN]", parse_constant=strict.no_constant)


def test_a_long_value_does_not_fill_the_message():
    with pytest.raises(TypeError) as error:
        strict.plain(Thing, {"name": ["x" * 10_000], "size": 1})
    assert len(str(error.value)) < 200
