"""Another activation, the same weights; gates and ReLUs stay."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from fv_train.activation_swap import swapped
from fv_train.backbones import build
from fv_train.errors import BadRecipe
from tests.train._pictures import narrow_recipe


def kinds(model: keras.Model) -> list[str]:
    return [name for layer in model.layers if isinstance(name := layer.get_config().get("activation"), str)]


@pytest.fixture(scope="module")
def network() -> keras.Model:
    settings = ("model.backbone=efficientnetb0", "model.alpha=1", "model.minimalistic=false")
    return build(narrow_recipe(*settings), 3).backbone


def test_only_the_smooth_ones_are_exchanged_and_weights_stay(network: keras.Model) -> None:
    found = swapped(network, "relu6")
    before, after = kinds(network), kinds(found)
    assert "silu" in before
    assert "silu" not in after
    assert [new for old, new in zip(before, after, strict=True) if old != "silu"] == [
        old for old in before if old != "silu"
    ]
    assert before.count("sigmoid") == after.count("sigmoid") > 0
    for one, other in zip(network.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_its_own_activation_again_changes_no_answer(network: keras.Model) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    same = swapped(network, "silu")
    np.testing.assert_array_equal(np.asarray(network(pixels)), np.asarray(same(pixels)))


def test_a_network_without_one_is_refused() -> None:
    with pytest.raises(BadRecipe, match="no smooth activation"):
        build(narrow_recipe("model.activation=relu6"), 3)


def test_a_recipe_asks_for_it() -> None:
    settings = ("model.backbone=mobilenetv3small", "model.minimalistic=false", "model.activation=relu6")
    found = kinds(build(narrow_recipe(*settings), 3).backbone)
    assert "relu6" in found
    assert not {"hard_silu", "hard_swish"} & set(found)
