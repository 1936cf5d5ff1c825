from __future__ import annotations

import numpy as np

from fv_export.mixed.halves import halves

CLASSES, N = 7, 700


def _split(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]  # sizes vary
    chance = np.random.default_rng(1)
    labels = chance.integers(0, CLASSES, N).astype(np.int32)
    change = chance.choice(np.array([-1, 0, 1], np.int8), N, p=[0.02, 0.95, 0.03])
    found = halves(labels, change, seed)
    return labels, change, found.choosing, found.reporting


def test_every_picture_is_in_one_half() -> None:
    _, _, choosing, reporting = _split()
    assert sorted([*choosing, *reporting]) == list(range(N))


def test_classes_and_changes_are_shared_evenly() -> None:
    labels, change, choosing, reporting = _split()
    for value in (-1, 0, 1):
        assert abs(int((change[choosing] == value).sum()) - int((change[reporting] == value).sum())) <= 1
    for label in range(CLASSES):
        # One for each of the three strata that a class is split over.
        assert abs(int((labels[choosing] == label).sum()) - int((labels[reporting] == label).sum())) <= 3


def test_the_seed_decides() -> None:
    assert np.array_equal(_split()[2], _split()[2])
    assert not np.array_equal(_split(0)[2], _split(1)[2])
