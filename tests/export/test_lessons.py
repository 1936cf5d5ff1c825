from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fv_core.imageset import ImageSet
from fv_export import lessons
from fv_export.errors import FinetuneRefused
from fv_export.graph import Graph
from fv_export.lessons import BATCH, STEPS, Lessons, batch_size
from fv_train.augment import FIELDS
from tests.export import separable
from tests.export.small_graphs import conv, graph, pixels


@pytest.fixture(scope="module")
def imageset(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return separable.image_set(tmp_path_factory.mktemp("lessons") / "set")


def small() -> Graph:
    return graph(pixels(), conv("a", "pixels"))


def taught(imageset: ImageSet, monkeypatch: pytest.MonkeyPatch, epochs: int | None = 2, seed: int = 0) -> Lessons:
    monkeypatch.setattr(lessons, "BATCH", 10)
    return Lessons(imageset, separable.PREPROCESS, small(), epochs, seed)


def test_held_out_pictures_are_never_taught(imageset: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = taught(imageset, monkeypatch)
    assert (plan.batch_size, plan.epoch_steps, plan.steps) == (10, 5, 10)
    held = {picture.tobytes() for picture in plan.held_out}
    assert len(held) == 7  # an eighth of 60
    seen = [picture.tobytes() for step in range(plan.steps) for picture in plan.batch(step)[0]]
    assert held.isdisjoint(seen)
    # Whole batches of 53 pictures, each at most once an epoch.
    assert len(set(seen[:50])) == 50


def test_a_step_is_the_same_whenever_it_is_asked_for(imageset: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (taught(imageset, monkeypatch) for _ in range(2))
    _ = first.batch(0)
    for one, other in zip(first.batch(7), second.batch(7), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first.batch(2)[1], first.batch(7)[1])
    assert not np.array_equal(first.batch(7)[1], taught(imageset, monkeypatch, seed=1).batch(7)[1])


def test_without_a_number_of_epochs_there_is_a_number_of_steps(
    imageset: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = taught(imageset, monkeypatch, epochs=None)
    assert plan.steps == STEPS
    assert plan.batch(STEPS - 1)[1].shape == (10, len(FIELDS))


def test_too_few_pictures_are_refused(imageset: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    split = imageset.split("train")
    few = replace(split, images=split.images[:7], labels=split.labels[:7], ids=split.ids[:7])
    monkeypatch.setattr(imageset, "split", lambda _: few)
    with pytest.raises(FinetuneRefused, match="7 pictures"):
        Lessons(imageset, separable.PREPROCESS, small(), 1, 0)


def test_a_large_network_gets_a_smaller_batch() -> None:
    assert batch_size(small()) == BATCH
    large = graph(conv("a", "image", (3, 400)), side=512)
    assert 8 <= batch_size(large) < BATCH
    assert batch_size(graph(conv("a", "image", (3, 4000)), side=512)) == 8
