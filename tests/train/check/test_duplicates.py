"""Twins: what shows the same is found, what only looks alike is not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fv_core.imageset import Split
from fv_core.progress import Silent
from fv_train import plates
from fv_train.check.duplicates import twins

SIZE = 96


def plate(label: int, seed: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(plates.draw(label, seed)).resize((SIZE, SIZE)))


def split(name: str, pictures: list[NDArray[np.uint8]], labels: list[int]) -> Split:
    ids = tuple(f"{name}/{i}" for i in range(len(pictures)))
    return Split(name, np.stack(pictures), np.array(labels, np.int32), ids)


def again_as_jpeg(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=60)
    return np.asarray(Image.open(stream))


def halved_and_enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    picture = Image.fromarray(image)
    return np.asarray(picture.resize((SIZE // 2, SIZE // 2)).resize((SIZE, SIZE)))


def brighter(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.clip(image.astype(np.float32) * 1.2, 0, 255).astype(np.uint8)


def test_the_same_bytes_in_two_splits_are_a_leak() -> None:
    train = split("train", [plate(k, 0) for k in range(6)], list(range(6)))
    test = split("test", [plate(7, 1), plate(3, 0)], [7, 3])
    (twin,) = twins([train, test], Silent())
    assert (twin.first_id, twin.second_id, twin.exact, twin.across, twin.contradicts) == (
        "train/3",
        "test/1",
        True,
        True,
        False,
    )


@pytest.mark.parametrize("change", [again_as_jpeg, halved_and_enlarged, brighter])
def test_a_changed_copy_is_still_a_twin(change: object) -> None:
    assert callable(change)
    pictures = [plate(k, 0) for k in range(6)]
    found = twins([split("train", [*pictures, change(pictures[2])], [0, 1, 2, 3, 4, 5, 1])], Silent())
    assert [(one.first_id, one.second_id, one.exact) for one in found] == [("train/2", "train/6", False)]
    assert found[0].contradicts
    assert not found[0].across


def test_pictures_drawn_alike_are_no_twins() -> None:
    pictures = [plate(label, seed) for label in range(3) for seed in range(30)]
    assert twins([split("train", pictures, [0] * 90)], Silent()) == []


def test_pictures_of_one_grey_are_compared_without_a_division_by_zero() -> None:
    greys = [np.full((SIZE, SIZE, 3), value, np.uint8) for value in (10, 10, 200)]
    (twin,) = twins([split("train", greys, [0, 0, 1])], Silent())
    assert twin.exact
