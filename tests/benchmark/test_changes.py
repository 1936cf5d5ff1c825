import numpy as np
import pytest
from scipy import stats as oracle

from fv_benchmark.changes import BEYOND_CHANCE, GAINED, LOST, STILL_WRONG, class_losses, flips
from tests.benchmark.answers import CLASSES, answers, pair


def test_equal_answers_change_nothing():
    full, file = pair(alike=20)
    assert flips(full, file) == ()
    assert class_losses(full, file) == ()


def test_every_flipped_picture_is_named_with_both_answers():
    full, file = pair(lost=2, gained=1, still_wrong=1, alike=3)
    found = flips(full, file)
    assert [one.kind for one in found] == [LOST, LOST, GAINED, STILL_WRONG]
    first = found[0]
    assert (first.id, first.index, first.label) == ("picture/0", 0, CLASSES[0])
    assert (first.full_answer, first.file_answer) == (CLASSES[0], CLASSES[1])
    assert (first.full_probability, first.file_probability) == pytest.approx((0.8, 0.6))


def test_the_surest_loss_stands_first():
    labels = np.zeros(3, dtype=np.int64)
    full = answers(labels, labels)
    full.probabilities[1, 0] = 0.99
    assert flips(full, answers(labels, labels + 1))[0].index == 1


def test_a_class_that_lost_beyond_chance_is_told_from_one_that_did_not():
    labels = np.repeat([0, 1, 2], 20)
    chosen = labels.copy()
    chosen[:10] = 3  # ten of class 0
    chosen[20] = 3  # one of class 1
    soup, rice = class_losses(answers(labels, labels), answers(labels, chosen))
    assert (soup.label, soup.lost, soup.gained, soup.pictures, soup.drop_pp) == ("soup", 10, 0, 20, 50.0)
    # Two classes changed, so each p counts twice.
    assert soup.p == pytest.approx(2 * oracle.binomtest(10, 10, alternative="greater").pvalue)
    assert soup.p < BEYOND_CHANCE
    assert (rice.label, rice.p) == ("rice", 1.0)


def test_a_class_that_gained_as_many_is_left_out():
    labels = np.zeros(4, dtype=np.int64)
    full, file = answers(labels, np.array([0, 1, 0, 0])), answers(labels, np.array([1, 0, 0, 0]))
    assert class_losses(full, file) == ()
    assert len(flips(full, file)) == 2
