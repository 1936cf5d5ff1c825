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
RANKS = {name: lost / 1000 for name, lost in GUILT.items()}
NO_COST = Cost(1.0, (0.0,) * len(PARTS), 0.0, 1)


def _search(asker: FakeAsker, target_pp: float = 0.3, pp_per_nat: float = 0.0) -> Search:
    return Search(mixable(), asker, Goal(target_pp, 0.8, pp_per_nat), Silent())  # type: ignore[arg-type]  # a stand-in


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
    road = search.follow("fewest", ["second", "first", "mean", "bend"], lambda tensor: GUILT[tensor], RANKS)
    assert road.restored is not None
    assert set(road.restored) == {"second", "first"}


def test_what_was_not_needed_is_taken_back() -> None:
    asker = FakeAsker(GUILT)
    order = ["bend", "mean", "second", "first"]
    road = _search(asker).follow("odd", order, lambda tensor: GUILT[tensor], RANKS)
    assert road.restored is not None
    assert set(road.restored) == {"second", "first"}


def test_a_target_out_of_reach_is_said() -> None:
    asker = FakeAsker({**GUILT, "image": 9})
    search = _search(asker)
    assert search.follow("fewest", list(GUILT), lambda tensor: 1.0, RANKS).restored is None
    assert search.surest() == ("first", "bend", "second", "mean")


def test_where_the_target_is_out_of_reach_the_last_hundredths_are_not_paid_for() -> None:
    """`bend` and `mean` do next to nothing: 33 % with and without these two in float, 17 % with `second` alone."""
    guilt = {"second": 9, "first": 5, "mean": 0, "bend": 0, "image": 30}
    ranks = {name: lost / 1000 for name, lost in guilt.items()}
    search = _search(FakeAsker(guilt, error_pp=1.0), target_pp=2.5)
    order = ["second", "first", "mean", "bend"]
    assert search.follow("fewest", order, lambda tensor: guilt[tensor], ranks).restored is None
    assert set(search.nearly_surest(order, lambda tensor: guilt[tensor], ranks)) == {"second", "first"}


def test_nothing_is_restored_where_that_gains_nothing() -> None:
    search = _search(FakeAsker({"image": 30}, error_pp=1.0), target_pp=2.5)
    assert not search.keeps(TENSORS)
    assert search.nearly_surest(["first"], lambda tensor: 0.0, dict.fromkeys(TENSORS, 0.0)) == ()


def test_where_nothing_can_be_restored_no_road_arrives() -> None:
    asker = FakeAsker({"image": 9})
    assert _search(asker).follow("fewest", [], lambda tensor: 1.0, {}).restored is None
    assert not asker.asked


def test_what_is_bound_to_fail_is_not_asked() -> None:
    """From the first three each is taken back only where that brings the file below the one that failed."""
    asker = FakeAsker({"first": 5, "bend": 5, "second": 5, "mean": 1})
    ranks = {"first": 0.005, "bend": 0.005, "second": 0.005, "mean": 0.001}
    search = _search(asker, target_pp=0.1)
    road = search.follow("fewest", ["first", "mean", "bend", "second"], lambda tensor: ranks[tensor], ranks)
    assert road.restored == ("first", "bend", "second")
    # All four, two, three, and without `mean`: without any other it would diverge as much as one that failed.
    assert [len(each) for each in search.tried] == [4, 2, 3, 3]


def test_the_divergence_counts_beside_the_drop() -> None:
    # `bend` and `mean` diverge by 0.003 nats, which are taken for 0.6 points.
    road = _search(FakeAsker(GUILT), pp_per_nat=200.0).follow(
        "fewest", ["second", "first", "mean", "bend"], lambda tensor: GUILT[tensor], RANKS
    )
    assert road.restored is not None
    assert set(road.restored) == {"second", "first", "mean"}


def test_no_file_is_asked_twice() -> None:
    asker = FakeAsker(GUILT)
    search = _search(asker)
    for _ in range(2):
        search.follow("fewest", ["second", "first", "mean", "bend"], lambda tensor: GUILT[tensor], RANKS)
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
