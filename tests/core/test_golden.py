"""Golden pictures are the same bytes for ever: their digests are in model files that are out there."""

from __future__ import annotations

import numpy as np
import pytest

from fv_core.golden import SEEDS, draw, sha256_of

# Made once with this code and never changed: a new digest would make every exported file look broken.
DIGESTS_64 = {
    1: "07f7bb1aae8c137698c597425619273d1e01c09596027a4674f26962faf98f6d",
    2: "668d2ab6562f9d6b061b90abe82c4b33322ca8ab4d6cec67872f4ceae7a1eddc",
    3: "6ec61832b2deddf50e36f831fa30011450ba3704a64c4ddd975864a5d2d916ed",
    4: "953f5d027b14043a13cbae845687e10aec00f3b8ff490d0b48f4be93cf24515e",
    5: "7af3da2a659950a45257fcff336f93ffde34dcc19773a8498738af55e1b411a7",
    6: "bb6832cbe2bc09a95849460b7159faeb6ef7b0c55b60a54b5dc51ab2dfa9896b",
    7: "edc0ad410c0411cde69002fbf3712e882d0ad506861ca46c58c0ea02b6bf2c3e",
    8: "bd31bde268a18c391f534ee8e873b2298bf31ec9cc2be1ac2615d21d72eca387",
}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bytes_never_change(seed: int) -> None:
    assert sha256_of(draw(seed, 64)) == DIGESTS_64[seed]


def test_pictures_differ_and_have_structure() -> None:
    pictures = [draw(seed, 96) for seed in SEEDS]
    assert len({sha256_of(picture) for picture in pictures}) == len(SEEDS) == 8
    assert all(picture.shape == (96, 96, 3) and picture.dtype == np.uint8 for picture in pictures)
    assert all(picture.std() > 15 for picture in pictures)


@pytest.mark.parametrize("size", [1, 2, 4096])
def test_extreme_sizes_can_be_drawn(size: int) -> None:
    assert draw(3, size).shape == (size, size, 3)


@pytest.mark.parametrize("size", [0, -1, 4097])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="size must be"):
        draw(1, size)


def test_the_digest_is_that_of_the_rows() -> None:
    picture = draw(1, 8)
    assert sha256_of(picture[:, ::-1][:, ::-1]) == sha256_of(picture)
    assert sha256_of(picture[::-1]) != sha256_of(picture)
