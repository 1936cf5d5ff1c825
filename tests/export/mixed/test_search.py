from __future__ import annotations

from dataclasses import replace

import pytest

from fv_core.progress import Silent
from fv_export.mixed.cost import Cost
from fv_export.mixed.damage import Goal
from fv_export.mixed.search import Search, by_damage, by_damage_for_time, rank
from fv_export.mixed.work import PARTS
from tests.export.mixed.mixtures import TENSORS, FakeAsker, mixable

GUILT = {"first": 5, "bend": 1, "second": 9, "mean": 2}
NO_COST = Cost(1.0, (0.0,) * len(PARTS), 0.0, 1)


def _search(asker: FakeAsker, target_pp: float = 0.3, divergence: float = 1.0) -> Search:
    return Search(mixable(), asker, Goal(target_pp, divergence), Silent())  # type: ignore[arg-type]  # a stand-in


def _ranks(asker: FakeAsker) -> dict[str, float]:
    return rank(mixable(), asker, Silent())  # type: ignore[arg-type]  # a stand-in


def test_each_tensor_is_ranked_by_what_it_does_alone() -> None:
    asker = FakeAsker(GUILT)
    ranks = _ranks(asker)
    assert ranks == pytest.approx({name: GUILT.get(name, 0) / 1000 for name in TENSORS})
    assert len(asker.asked) == 1 + len(TENSORS)
    assert by_damage(ranks) == ["second", "first", "mean", "bend"]


def test_the_fewest_are_restored() -> None:
    search = _search(FakeAsker(GUILT))
    road = search.follow("fewest", ["second", "first", "mean", "bend"], lambda tensor: GUILT[tensor])
    assert road.restored is not None
    assert set(road.restored) == {"second", "first"}


def test_what_was_not_needed_is_taken_back() -> None:
    asker = FakeAsker(GUILT)
    order = ["bend", "mean", "second", "first"]
    road = _search(asker).follow("odd", order, lambda tensor: GUILT[tensor])
    assert road.restored is not None
    assert set(road.restored) == {"second", "first"}


def test_nothing_is_restored_where_nothing_has_to_be() -> None:
    asker = FakeAsker({"mean": 2})
    assert _search(asker).follow("fewest", ["mean"], lambda tensor: 1.0).restored == ()
    assert len(asker.asked) == 1


def test_a_target_out_of_reach_is_said() -> None:
    asker = FakeAsker({**GUILT, "image": 9})
    assert _search(asker).follow("fewest", list(GUILT), lambda tensor: 1.0).restored is None


def test_the_divergence_counts_beside_the_drop() -> None:
    road = _search(FakeAsker(GUILT), divergence=0.0015).follow(
        "fewest", ["second", "first", "mean", "bend"], lambda tensor: GUILT[tensor]
    )
    assert road.restored is not None
    assert set(road.restored) == {"second", "first", "mean"}


def test_no_file_is_asked_twice() -> None:
    asker = FakeAsker(GUILT)
    search = _search(asker)
    for _ in range(2):
        search.follow("fewest", ["second", "first", "mean", "bend"], lambda tensor: GUILT[tensor])
    assert len(asker.asked) == len(set(asker.asked)) == len(search.tried)


def test_without_costs_the_fastest_order_is_that_of_damage() -> None:
    ranks = _ranks(FakeAsker(GUILT))
    assert by_damage_for_time(mixable(), ranks, NO_COST) == by_damage(ranks)


def test_a_cheap_tensor_goes_before_a_more_guilty_one_that_is_dear() -> None:
    ranks = _ranks(FakeAsker(GUILT))
    dear = replace(NO_COST, part_ms=(1e-3, 0.0, 0.0, 0.0, 0.0))
    order = by_damage_for_time(mixable(), ranks, dear)
    # `mean` makes the second convolution's reader and the product float; `second` and `first` whole convolutions.
    assert order[0] == "mean"
