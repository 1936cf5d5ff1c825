from __future__ import annotations

import numpy as np

from fv_export.mixed.halves import halves

N = 700


def _split(seed: int = 0, n: int = N) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]  # sizes vary
    chance = np.random.default_rng(1)
    margins = chance.normal(0.5, 2.0, n)
    change = chance.choice(np.array([-1, 0, 1], np.int8), n, p=[0.02, 0.95, 0.03])
    found = halves(margins, change, seed)
    return margins, change, found.choosing, found.reporting


def test_every_picture_is_in_one_half() -> None:
    _, _, choosing, reporting = _split()
    assert sorted([*choosing, *reporting]) == list(range(N))


def test_an_odd_picture_chooses() -> None:
    _, _, choosing, reporting = _split(n=701)
    assert (len(choosing), len(reporting)) == (351, 350)
    assert sorted([*choosing, *reporting]) == list(range(701))


def test_changes_and_margins_are_shared_evenly() -> None:
    margins, change, choosing, reporting = _split()
    for value in (-1, 0, 1):
        assert abs(int((change[choosing] == value).sum()) - int((change[reporting] == value).sum())) <= 1
    for edge in (-1.0, 0.0, 0.3, 2.0):
        # Of each of the three groups at most one couple stands astride an edge, and one couple astride two groups.
        assert abs(int((margins[choosing] > edge).sum()) - int((margins[reporting] > edge).sum())) <= 5


def test_neither_half_has_the_larger_margins() -> None:
    drawn = [_split(seed) for seed in range(20)]
    larger = [margins[choosing].mean() > margins[reporting].mean() for margins, _, choosing, reporting in drawn]
    # Dealt out in turn, one half would have them always.
    assert 2 < sum(larger) < 18


def test_the_seed_decides() -> None:
    assert np.array_equal(_split()[2], _split()[2])
    assert not np.array_equal(_split(0)[2], _split(1)[2])
