"""keras.applications as backbones: each reads raw pixels, scaled as it was trained."""

from __future__ import annotations

import importlib

import keras
import numpy as np
import pytest

from fv_train.applications import APPLICATIONS, reverse_channels, scaled
from fv_train.backbones import BACKBONES, build
from fv_train.errors import BadRecipe
from tests.train._pictures import narrow_recipe

# float32 of values up to 255, divided and subtracted in another order.
FLOAT = 2e-4


def pixels(n: int = 1, size: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3)).astype(np.float32)


@pytest.mark.parametrize("name", sorted(APPLICATIONS))
def test_pixels_are_scaled_as_keras_says(name: str) -> None:
    row = APPLICATIONS[name]
    module = importlib.import_module(f"keras.applications.{row.module}")
    assert hasattr(keras.applications, row.constructor)
    picture = keras.Input((8, 8, 3))
    ours = keras.Model(picture, scaled(picture, row.scaling))
    found = np.asarray(ours(pixels())) if row.scaling != "inside" else pixels()
    wanted = module.preprocess_input(pixels().copy())
    if row.scaling == "caffe":
        wanted = wanted[..., ::-1]  # the first convolution is reversed instead
    np.testing.assert_allclose(found, wanted, atol=FLOAT)


def test_reversing_the_first_convolution_is_reversing_the_channels() -> None:
    keras.utils.set_random_seed(0)
    picture = keras.Input((8, 8, 3))
    model = keras.Model(picture, keras.layers.Conv2D(4, 3)(keras.layers.ZeroPadding2D(1)(picture)))
    before = np.asarray(model(pixels()[..., ::-1]))
    reverse_channels(model)
    np.testing.assert_allclose(np.asarray(model(pixels())), before, atol=FLOAT * 100)


def test_options_that_a_network_does_not_have_are_refused_with_those_that_have() -> None:
    with pytest.raises(BadRecipe) as caught:
        build(narrow_recipe("model.backbone=mobilenetv2"), 3)
    assert "minimalistic" in str(caught.value)
    assert "mobilenetv3small" in caught.value.why


def test_a_picture_that_is_too_small_for_a_network_is_said() -> None:
    settings = ("model.backbone=xception", "model.alpha=1", "model.minimalistic=false")
    with pytest.raises(BadRecipe, match="at 32 px"):
        build(narrow_recipe(*settings), 3)


def test_every_row_is_a_backbone_and_says_where_it_is_from() -> None:
    assert set(APPLICATIONS) <= set(BACKBONES)
    assert all("arXiv" in row.source for row in APPLICATIONS.values())
