"""`builtin:plates` as a source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fv_core.errors import UnknownName
from fv_core.progress import Silent
from fv_train import plates
from fv_train.prepare import PrepareOptions, prepare
from fv_train.prepare.sources.builtin import COUNTS, SOURCE


def test_the_catalogue_has_every_dish_in_both_splits() -> None:
    catalogue = SOURCE.open("plates", None, Silent())
    splits = catalogue.splits()
    assert {name: len(samples) for name, samples in splits.items()} == {"train": 3000, "validation": 720}
    assert COUNTS == {"train": 250, "validation": 60}
    ids = [sample.id for samples in splits.values() for sample in samples]
    assert len(set(ids)) == 3720
    assert {sample.label for sample in splits["validation"][:12]} == set(range(12))


def test_a_small_set_is_drawn_by_processes_and_by_one_alike(tmp_path: Path) -> None:
    sets = [
        prepare(PrepareOptions("builtin:plates", tmp_path / str(workers), limit=24, workers=workers), Silent())
        for workers in (1, 2)
    ]
    assert sets[0].fingerprint == sets[1].fingerprint
    assert sets[0].size == plates.NATURAL_SIZE
    validation = sets[0].split("validation")
    assert validation.ids[13] == "validation/donuts/001"
    assert np.array_equal(validation.images[13], plates.draw(1, plates.seed_of("validation", 1, 1)))


def test_smaller_squares_are_shrunk(tmp_path: Path) -> None:
    options = PrepareOptions("builtin:plates", tmp_path / "set", size=48, limit=12, workers=1)
    assert prepare(options, Silent()).size == 48


def test_another_name_is_unknown() -> None:
    with pytest.raises(UnknownName) as caught:
        SOURCE.open("plate", None, Silent())
    assert caught.value.hint == "did you mean plates?"
