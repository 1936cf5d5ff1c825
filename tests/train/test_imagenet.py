"""ImageNet's classes: Keras's own list, byte for byte, and names that stand for one class each."""

from __future__ import annotations

import hashlib
import json

import pytest

from fv_train.imagenet import labels, outputs_of, published

# keras.applications.imagenet_utils.decode_predictions checks the file that it downloads against this.
KERAS_MD5 = "c2c37ea517e94d9795004a39431a14cb"


def test_the_list_is_the_one_that_keras_checks() -> None:
    index = json.dumps({str(output): list(row) for output, row in enumerate(published())})
    assert hashlib.md5(index.encode(), usedforsecurity=False).hexdigest() == KERAS_MD5


def test_no_two_labels_are_alike_in_any_case() -> None:
    assert len({label.casefold() for label in labels()}) == 1000


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("tench", 0),
        ("pizza", 963),
        ("n07873807", 963),
        ("ice_cream", 928),
        ("Ice Cream", 928),
        ("crane_n02012849", 134),
        ("n03126707", 517),
        ("cardigan_n02963159", 474),
        ("toilet_tissue", 999),
    ],
)
def test_a_class_is_found_by_label_and_by_synset(name: str, output: int) -> None:
    assert outputs_of([name]) == {name: output}


@pytest.mark.parametrize("name", ["crane", "maillot", "cardigan", "hamburger", "", "n00000000"])
def test_what_is_no_class_or_two_has_no_output(name: str) -> None:
    assert outputs_of([name]) == {name: None}
