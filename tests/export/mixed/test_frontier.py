from __future__ import annotations

from dataclasses import replace

import pytest

from fv_export.mixed.frontier import FLOAT, PLAIN, WEIGHTS_ONLY, choose, places
from fv_export.mixed.search import Road
from tests.export.mixed import outcomes
from tests.export.mixed.mixtures import TENSORS, mixable

TWO, THREE = ("first", "second"), ("bend", "mean", "logits")


def _places(*roads: Road) -> list[tuple[str, tuple[str, ...] | None]]:
    return [(one.name, one.restored) for one in places(mixable(), roads, b"float")]


def test_the_frontier_goes_from_float_over_plain_to_everything_restored() -> None:
    found = _places(Road("fewest", ("second", "first"), ("second", "first", "mean")), Road("fastest", THREE))
    assert found == [
        (FLOAT, None),
        (PLAIN, ()),
        # A quarter of two tensors is none, a half is one, and three quarters are two.
        ("int8, 1 in float", ("second",)),
        ("int8, 2 in float", TWO),
        ("int8, 3 in float", THREE),
        (WEIGHTS_ONLY, TENSORS),
    ]


def test_where_nothing_had_to_be_restored_nothing_is_on_the_way() -> None:
    assert [name for name, _ in _places(Road("plain", ()))] == [FLOAT, PLAIN, WEIGHTS_ONLY]


def test_roads_that_end_alike_are_one_place() -> None:
    names = [name for name, _ in _places(Road("fewest", TWO), Road("fastest", TWO))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("three_ms", "layers"), [(1.0, 2), (0.97, 2), (0.8, 3)])
def test_the_faster_road_is_chosen_where_it_is_clearly_faster(three_ms: float, layers: int) -> None:
    mixed = mixable()
    roads = [Road("fewest", TWO), Road("fastest", THREE)]
    found = places(mixed, roads, b"float")
    made = [outcomes.point(one.name, None if one.restored is None else len(one.restored), 0.1) for one in found]
    made = [replace(one, latency_ms=three_ms) if one.layers == 3 else one for one in made]
    assert made[choose(found, made, roads, mixed)].layers == layers


def test_the_surest_is_chosen_where_no_road_arrived() -> None:
    mixed = mixable()
    roads = [Road("surest", TENSORS)]
    found = places(mixed, roads, b"float")
    made = [outcomes.point(one.name, None if one.restored is None else len(one.restored), 0.1) for one in found]
    assert made[choose(found, made, roads, mixed)].name == WEIGHTS_ONLY
