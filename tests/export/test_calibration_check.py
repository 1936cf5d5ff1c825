from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fv_core.preprocess import Preprocess
from fv_export.calibration_check import (
    FIRST_LOOK,
    MIN_GAIN,
    MIN_Z,
    UnlikeTraining,
    check_channels,
    check_sizes,
    check_values,
)

HERE = Path("photos")
Pictures = NDArray[np.uint8]


@pytest.fixture
def photos() -> Pictures:
    """Gradients of every colour with noise: as many values, and as far spread, as photos have."""
    random = np.random.default_rng(0)
    ends = random.integers(0, 256, (32, 2, 1, 1, 3))
    share = np.linspace(0, 1, 24).reshape(1, 1, 24, 1)
    pictures = ends[:, 0] * (1 - share) + ends[:, 1] * share + random.normal(0, 12, (32, 24, 24, 3))
    return np.clip(pictures, 0, 255).astype(np.uint8)


def test_photos_pass(photos: Pictures) -> None:
    check_values(photos, HERE)
    check_values((photos // 2).astype(np.uint8), HERE)  # a dark room


@pytest.mark.parametrize("name", ["0..1", "-1..1", "-1..1 clipped"])
def test_pictures_that_were_saved_from_floats_are_refused(name: str, photos: Pictures) -> None:
    scaled = {"0..1": photos / 255, "-1..1": photos / 127.5 - 1, "-1..1 clipped": np.clip(photos / 127.5 - 1, 0, 1)}
    with pytest.raises(UnlikeTraining, match="different values or fewer"):
        check_values(scaled[name].astype(np.int8).astype(np.uint8), HERE)


def test_pictures_that_use_an_eighth_of_the_range_are_refused(photos: Pictures) -> None:
    with pytest.raises(UnlikeTraining, match="lie between"):
        check_values((photos // 8).astype(np.uint8), HERE)


def test_blank_pictures_are_left_to_who_calls_them_blank() -> None:
    check_values(np.zeros((4, 8, 8, 3), dtype=np.uint8), HERE)


def test_a_picture_is_too_small_below_half_of_what_the_model_stores() -> None:
    preprocess = Preprocess(store_size=64, crop_fraction=0.875, input_size=56)
    check_sizes([np.zeros((32, 99, 3), np.uint8)], preprocess, HERE)
    with pytest.raises(UnlikeTraining, match="31 px"):
        check_sizes([np.zeros((31, 99, 3), np.uint8)], preprocess, HERE)
    # The median decides: one small picture among large ones does no harm.
    check_sizes([np.zeros((side, side, 3), np.uint8) for side in (8, 64, 64)], preprocess, HERE)


def answers_with(gain: float, noise: float) -> Callable[[Pictures], NDArray[np.float32]]:
    """A model that is surer of swapped pictures by `gain` on average: what it is shown says which way round it is."""
    random = np.random.default_rng(1)

    def ask(inputs: Pictures) -> NDArray[np.float32]:
        swapped = inputs[0, 0, 0, 0] == 2
        sure = 0.5 + random.normal(0, noise, len(inputs)) + (gain if swapped else 0.0)
        found = np.zeros((len(inputs), 3), dtype=np.float32)
        found[np.arange(len(inputs)), np.arange(len(inputs)) % 2] = sure
        return found

    return ask


@pytest.mark.parametrize(
    ("gain", "noise", "refused"),
    [
        (0.2, 0.1, True),
        (-0.2, 0.1, False),
        (0.0, 0.1, False),
        (0.2, 0.9, False),  # too noisy to tell
        (MIN_GAIN / 2, 0.0001, False),  # certain, and of no consequence
    ],
)
def test_swapped_channels_are_refused_where_that_is_certain(gain: float, noise: float, refused: bool) -> None:
    inputs = np.zeros((100, 2, 2, 3), dtype=np.uint8)
    inputs[..., 2] = 2
    ask = answers_with(gain, noise)
    if refused:
        with pytest.raises(UnlikeTraining, match="red and blue") as caught:
            check_channels(ask, inputs, HERE)
        assert "100 pictures" in caught.value.why
    else:
        check_channels(ask, inputs, HERE)


@pytest.mark.parametrize(
    ("gain", "asked"),
    [
        (-0.2, [100, FIRST_LOOK]),
        (-0.01, [100, FIRST_LOOK]),  # here a gain of 0.015, less than its standard error of 0.024
        (0.2, [100, FIRST_LOOK, 100 - FIRST_LOOK]),
        (0.2, [20, 20]),
        (-0.2, [20, 20]),
    ],
)
def test_where_the_first_look_shows_no_gain_no_more_is_asked(gain: float, asked: list[int]) -> None:
    inputs = np.zeros((asked[0], 2, 2, 3), dtype=np.uint8)
    inputs[..., 2] = 2
    answer = answers_with(gain, 0.1)
    counts: list[int] = []

    def ask(inputs: Pictures) -> NDArray[np.float32]:
        counts.append(len(inputs))
        return answer(inputs)

    with contextlib.suppress(UnlikeTraining):
        check_channels(ask, inputs, HERE)
    assert counts == asked


def test_a_model_that_tells_no_pictures_apart_accuses_nobody() -> None:
    inputs = np.zeros((100, 2, 2, 3), dtype=np.uint8)
    inputs[..., 2] = 2

    def untrained(inputs: Pictures) -> NDArray[np.float32]:
        swapped = inputs[0, 0, 0, 0] == 2
        one = [0.43, 0.285, 0.285] if swapped else [0.34, 0.33, 0.33]
        return np.tile(np.array(one, np.float32), (len(inputs), 1))

    check_channels(untrained, inputs, HERE)


def test_a_model_without_a_preference_accuses_nobody() -> None:
    """The null: 500 sets of pictures on which swapping changes nothing but noise."""
    random = np.random.default_rng(2)
    gains = random.normal(0, 0.2, (500, 64))
    z = gains.mean(axis=1) / (gains.std(axis=1, ddof=1) / 8)
    assert not ((z >= MIN_Z) & (gains.mean(axis=1) >= MIN_GAIN)).any()
