from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_benchmark.accuracy import columns, evenly, measure_accuracy, predict_split
from fv_benchmark.errors import ClassesDiffer, DifferentPictures
from fv_core.files import sha256_of_file
from fv_core.predictions import Predictions
from fv_core.preprocess import Preprocess
from fv_core.progress import Silent
from tests.benchmark.builders import CLASSES, image_set


def predictions(answers, labels, ids=None, **changes):
    probabilities = np.eye(3, dtype=np.float32)[answers] * 0.7 + 0.1
    names = ids or tuple(f"p{index}" for index in range(len(labels)))
    made = Predictions(names, np.array(labels, np.int32), probabilities, CLASSES, "fe" * 32, "validation", "ab" * 32)
    return replace(made, **changes)


class MeanColour:
    """Answers with the share of each channel's mean; records what it was asked."""

    def __init__(self, path: Path, labels=CLASSES, size=8):
        self.path, self.labels, self.preprocess = path, labels, Preprocess(size, 1.0, size)
        self.shapes = []

    def probabilities(self, batch):
        self.shapes.append(batch.shape)
        means = batch.reshape(len(batch), -1, 3).mean(axis=1)
        shares = means / means.sum(axis=1, keepdims=True)
        order = [CLASSES.index(name) if name in CLASSES else int(name) for name in self.labels]
        return shares[:, order].astype(np.float32)


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"weights")
    return path


def test_every_picture_of_the_split_is_asked_through_the_preprocessing(tmp_path, model_file):
    imageset = image_set(tmp_path / "set")
    model = MeanColour(model_file, size=4)
    found = predict_split(model, imageset, "validation", Silent())
    split = imageset.split("validation")
    assert found.ids == split.ids
    assert {shape[1:] for shape in model.shapes} == {(4, 4, 3)}
    assert sum(shape[0] for shape in model.shapes) == len(split) == 60
    assert found.model_sha256 == sha256_of_file(model_file)
    assert found.dataset_fingerprint == imageset.fingerprint
    # The picture of one colour more: the mean tells it, most of the time.
    assert found.correct().mean() > 0.6


def test_outputs_are_matched_with_the_classes_by_name(tmp_path, model_file):
    imageset = image_set(tmp_path / "set")
    straight = predict_split(MeanColour(model_file), imageset, "validation", Silent())
    turned = predict_split(MeanColour(model_file, ("blue", "red", "green")), imageset, "validation", Silent())
    assert np.array_equal(straight.probabilities, turned.probabilities)


def test_unnamed_outputs_are_in_the_classes_order(tmp_path, model_file):
    imageset = image_set(tmp_path / "set")
    straight = predict_split(MeanColour(model_file), imageset, "validation", Silent())
    unnamed = predict_split(MeanColour(model_file, ("0", "1", "2")), imageset, "validation", Silent())
    assert np.array_equal(straight.probabilities, unnamed.probabilities)


@pytest.mark.parametrize("labels", [("red", "green"), ("red", "green", "cyan"), ("red", "red", "blue")])
def test_a_model_of_other_classes_is_refused(labels):
    with pytest.raises(ClassesDiffer):
        columns(labels, CLASSES)


def test_a_limit_takes_pictures_from_every_class(tmp_path, model_file):
    found = predict_split(MeanColour(model_file), image_set(tmp_path / "set"), "validation", Silent(), limit=6)
    assert list(found.labels) == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(("count", "limit"), [(10, None), (10, 10), (10, 99)])
def test_no_limit_is_every_picture(count, limit):
    assert np.array_equal(evenly(count, limit), np.arange(10))


def test_spread_indices_are_different_and_in_order():
    chosen = evenly(4040, 1000)
    assert len(set(chosen)) == 1000
    assert (np.diff(chosen) > 0).all()
    assert chosen[-1] < 4040


def test_accuracy_without_a_full_model_has_no_drop():
    found = measure_accuracy(predictions([0, 1, 2, 0], [0, 1, 2, 2]), None)
    assert (found.top1, found.n, found.top5) == (0.75, 4, 1.0)
    assert found.top1_ci95[0] < 0.75 < found.top1_ci95[1]
    assert (found.drop_pp, found.drop_ci95_pp, found.agreement) == (None, None, None)


def test_pairs_are_joined_by_id_not_by_place():
    labels = [0, 1, 2, 0, 1, 2]
    full = predictions([0, 1, 2, 0, 1, 0], labels)
    order = [5, 3, 1, 0, 2, 4]
    turned = predictions(full.answers()[order], np.array(labels)[order], ids=tuple(full.ids[index] for index in order))
    found = measure_accuracy(turned, full)
    assert (found.drop_pp, found.agreement) == (0.0, 1.0)


def test_fewer_pictures_than_the_full_model_answered_are_enough():
    full = predictions([0, 1, 2, 0], [0, 1, 2, 2])
    found = measure_accuracy(predictions([0, 2], [0, 2], ids=("p0", "p2")), full)
    assert (found.n, found.agreement) == (2, 1.0)


def test_drop_and_agreement_are_the_pairs():
    full = predictions([0, 1, 2, 0], [0, 1, 2, 0])
    found = measure_accuracy(predictions([0, 1, 0, 0], [0, 1, 2, 0]), full)
    assert (found.drop_pp, found.agreement) == (25.0, 0.75)
    assert found.drop_ci95_pp[0] < 25.0 < found.drop_ci95_pp[1]


def test_answers_about_other_pictures_cannot_be_paired():
    full = predictions([0, 1], [0, 1])
    with pytest.raises(DifferentPictures, match="other pictures"):
        measure_accuracy(predictions([0, 1], [0, 1], ids=("p0", "p9")), full)
    with pytest.raises(DifferentPictures, match="fingerprint"):
        measure_accuracy(predictions([0, 1], [0, 1], dataset_fingerprint="00" * 32), full)
    with pytest.raises(DifferentPictures, match="other labels"):
        measure_accuracy(predictions([0, 1], [0, 2]), full)
    with pytest.raises(ClassesDiffer):
        measure_accuracy(predictions([0, 1], [0, 1], classes=("red", "blue", "green")), full)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 100])
def test_right_answers_are_kept_picture_by_picture(n):
    answers = np.arange(n) % 3
    found = measure_accuracy(predictions(answers, np.zeros(n)), None)
    assert np.array_equal(found.correct(), answers == 0)


def test_kept_answers_of_another_length_are_refused():
    found = measure_accuracy(predictions([0] * 20, [0] * 20), None)
    with pytest.raises(ValueError, match="bytes of answers"):
        replace(found, n=40)
