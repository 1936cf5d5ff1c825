"""Parts of a batch: every picture once, partners kept, whole pairs on each device."""

from __future__ import annotations

import numpy as np
import pytest

from fv_train.augment import draw
from fv_train.distribute.shards import Shards
from fv_train.errors import CannotDistribute
from fv_train.recipe import Augment


def partners(n: int, seed: int = 0) -> np.ndarray:
    return draw(Augment(mixup=0.2), np.random.default_rng(seed), n, 32).partner


def test_one_device_gets_the_batch_as_it_is() -> None:
    partner = partners(8)
    rows, own = Shards().rows(partner)
    np.testing.assert_array_equal(rows, np.arange(8))
    np.testing.assert_array_equal(own, partner)


@pytest.mark.parametrize("n", [2, 7, 8])
def test_partners_are_pairs(n: int) -> None:
    partner = partners(n)
    np.testing.assert_array_equal(partner[partner], np.arange(n))
    assert (partner == np.arange(n)).sum() == n % 2


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_blocks_are_whole_pairs_and_together_the_batch(workers: int, seed: int) -> None:
    partner = partners(16, seed)
    own = 4 // workers
    parts = [Shards(4, index * own, own).rows(partner) for index in range(workers)]
    rows = np.concatenate([rows for rows, _ in parts])
    np.testing.assert_array_equal(np.sort(rows), np.arange(16))
    for block, local in zip(rows.reshape(4, 4), np.concatenate([p for _, p in parts]).reshape(4, 4), strict=True):
        np.testing.assert_array_equal(block[local], partner[block])
        np.testing.assert_array_equal(block, np.sort(block))


def test_without_mixing_blocks_are_slices() -> None:
    rows, own = Shards(2, 1, 1).rows(np.arange(6, dtype=np.int32))
    np.testing.assert_array_equal(rows, [3, 4, 5])
    np.testing.assert_array_equal(own, [0, 1, 2])


def test_one_program_keeps_the_order_and_numbers_partners_over_the_batch() -> None:
    partner = partners(8)
    rows, own = Shards(4, 2, 2, one_program=True).rows(partner)
    np.testing.assert_array_equal(rows, [4, 5, 6, 7])
    np.testing.assert_array_equal(own, partner[4:])


@pytest.mark.parametrize(
    ("shards", "mixing", "wanted"),
    [(Shards(4), False, 16), (Shards(4), True, 16), (Shards(8), True, 16), (Shards(4, one_program=True), False, 16)],
)
def test_a_batch_that_cannot_be_divided_is_refused_with_the_next_that_can(
    shards: Shards, mixing: bool, wanted: int
) -> None:
    shards.check(wanted, mixing=mixing)
    with pytest.raises(CannotDistribute) as caught:
        shards.check(wanted - 2, mixing=mixing)
    assert caught.value.hint == f"--set data.batch_size={wanted}"


def test_pairs_ask_for_an_even_part_only_where_each_device_computes_for_itself() -> None:
    Shards(2).check(6, mixing=False)
    Shards(2, one_program=True).check(6, mixing=True)
    with pytest.raises(CannotDistribute, match="pairs"):
        Shards(2).check(6, mixing=True)
    Shards().check(7, mixing=True)
