from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from fv_edge_runtime.from_data import rebuilt


@dataclass(frozen=True)
class Inner:
    name: str
    scale: float | None


@dataclass(frozen=True)
class Outer:
    count: int
    inner: Inner | None
    many: tuple[Inner, ...]
    pair: tuple[float, float]
    by_name: dict[str, int]
    flag: bool


OUTER = Outer(3, Inner("a", 0.5), (Inner("b", None), Inner("c", 2.0)), (0.0, 1.0), {"x": 1}, True)


def test_a_dataclass_survives_json() -> None:
    assert rebuilt(Outer, json.loads(json.dumps(asdict(OUTER)))) == OUTER


def test_a_whole_number_may_stand_for_a_float() -> None:
    assert rebuilt(Inner, {"name": "a", "scale": 2}) == Inner("a", 2.0)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"count": "3"}, TypeError),
        ({"count": True}, TypeError),
        ({"count": None}, TypeError),
        ({"inner": {"name": 1, "scale": None}}, TypeError),
        ({"many": "text"}, TypeError),
        ({"pair": [0.0]}, ValueError),
        ({"by_name": {"x": "1"}}, TypeError),
        ({"flag": 1}, TypeError),
        ({"more": 1}, TypeError),
    ],
)
def test_another_type_is_refused(changes: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        rebuilt(Outer, {**asdict(OUTER), **changes})


def test_a_missing_field_is_refused() -> None:
    with pytest.raises(KeyError):
        rebuilt(Inner, {"name": "a"})
