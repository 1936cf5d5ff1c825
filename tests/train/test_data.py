"""Batches: who is held out, what a step sees, and that it can be had again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fv_core.preprocess import Preprocess
from fv_train.augment import FIELDS
from fv_train.data import Feed, TrainBatches, hold_out
from fv_train.errors import NothingToTrain
from fv_train.inputs import EvaluationInputs
from tests.train._pictures import imageset, tiny_recipe


def batches(folder: Path, *settings: str) -> TrainBatches:
    split = imageset(folder / "set").split("train")
    return TrainBatches(split, np.arange(len(split)), 3, tiny_recipe(*settings))


def test_hold_out_is_stratified_disjoint_and_complete() -> None:
    labels = np.repeat(np.arange(5, dtype=np.int32), [40, 20, 10, 3, 1])
    kept, held = hold_out(labels, 0.1, 0)
    assert sorted([*kept, *held]) == list(range(74))
    assert np.bincount(labels[held], minlength=5).tolist() == [4, 2, 1, 1, 0]


def test_hold_out_follows_its_seed() -> None:
    labels = np.repeat(np.arange(4, dtype=np.int32), 50)
    first, same, other = (hold_out(labels, 0.1, seed)[1].tolist() for seed in (1, 1, 2))
    assert first == same != other


def test_a_batch_is_its_pictures_with_their_labels(tmp_path: Path) -> None:
    made = batches(tmp_path)
    batch = made.batch(0, 0, 0, made.order(0, 0))
    assert batch.images.shape == (8, 40, 40, 3)
    # The brightest channel of these pictures is their class.
    np.testing.assert_array_equal(batch.images.mean(axis=(1, 2)).argmax(axis=1), batch.targets.argmax(axis=1))
    np.testing.assert_array_equal(batch.targets.sum(axis=1), 1.0)


def test_an_epoch_shows_each_picture_at_most_once_and_another_epoch_differs(tmp_path: Path) -> None:
    made = batches(tmp_path)
    first, second = made.order(0, 0), made.order(0, 1)
    assert sorted(first) == sorted(second) == list(range(36))
    assert first.tolist() != second.tolist()
    assert made.steps == 36 // 8


def test_a_step_does_not_depend_on_the_steps_before_it(tmp_path: Path) -> None:
    made = batches(tmp_path, "augment.brightness=0.3")
    with Feed(made, 0, 3, 0) as feed:
        whole = list(feed)
    with Feed(made, 0, 3, 2) as feed:
        rest = list(feed)
    assert len(rest) == len(whole) - 2 == made.steps - 2
    for one, other in zip(whole[2:], rest, strict=True):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.draw.parameters, other.draw.parameters)
    assert not np.array_equal(whole[0].draw.parameters, whole[1].draw.parameters)


def test_mixup_mixes_the_targets_as_the_step_mixes_the_pictures(tmp_path: Path) -> None:
    made = batches(tmp_path, "augment.mixup=1.0")
    order = made.order(0, 0)
    plain = np.eye(3)[imageset(tmp_path / "again").split("train").labels[np.sort(order[:8])]]
    batch = made.batch(0, 0, 0, order)
    share = batch.draw.share[:, None]
    np.testing.assert_allclose(batch.targets, plain * share + plain[batch.draw.partner] * (1 - share), atol=1e-6)
    assert (batch.draw.share < 1).any()


def test_leaving_a_feed_early_ends_its_threads(tmp_path: Path) -> None:
    import threading

    with Feed(batches(tmp_path), 0, 0, 0) as feed:
        next(iter(feed))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fv-feed")]


def test_a_damaged_picture_file_ends_the_feed_with_its_error(tmp_path: Path) -> None:
    made = batches(tmp_path)
    made._indices = np.array([10_000] * 16)  # beyond the memory map, as after a truncation
    with pytest.raises(IndexError), Feed(made, 0, 0, 0) as feed:
        list(feed)


def test_fewer_pictures_than_a_batch_make_a_smaller_batch(tmp_path: Path) -> None:
    made = batches(tmp_path, "data.batch_size=1000")
    assert (made.batch_size, made.steps) == (36, 1)


def test_one_picture_or_one_class_is_refused(tmp_path: Path) -> None:
    split = imageset(tmp_path / "set").split("train")
    for indices, classes in ((np.arange(1), 3), (np.arange(36), 1)):
        with pytest.raises(NothingToTrain):
            TrainBatches(split, indices, classes, tiny_recipe())


@pytest.mark.parametrize("keep", [True, False])
def test_evaluation_inputs_are_those_of_preprocess(tmp_path: Path, keep: bool) -> None:
    split = imageset(tmp_path / "set").split("train")
    preprocess, chosen = Preprocess(40, 0.9, 32), np.array([3, 30, 7, 8, 20])
    inputs = EvaluationInputs(split, chosen, preprocess)
    wanted = np.stack([preprocess.network_input(split.images[i]) for i in chosen])
    for _ in range(2):
        found = list(inputs.batches(2, keep=keep))
        assert [len(part) for part in found] == [2, 2, 1]
        np.testing.assert_array_equal(np.concatenate(found), wanted)
    np.testing.assert_array_equal(inputs.labels, split.labels[chosen])


def test_without_augmentation_the_draw_is_the_whole_picture(tmp_path: Path) -> None:
    made = batches(tmp_path, "augment.crop_area=1", "augment.flip=false")
    parameters = made.batch(0, 0, 0, made.order(0, 0)).draw.parameters
    np.testing.assert_array_equal(parameters[:, : FIELDS.index("mirrored") + 1], [[0, 0, 1, 1, 0]] * 8)
