"""What does not fit together in a recipe is refused, and what does is not."""

from __future__ import annotations

import pytest

from fv_train.errors import BadRecipe
from fv_train.recipe import load_recipe, names


@pytest.mark.parametrize("name", names())
def test_every_published_recipe_passes(name: str) -> None:
    assert load_recipe(name).name == name


@pytest.mark.parametrize(
    ("recipe", "settings", "word"),
    [
        ("plates_quick", ["stage.scratch.epochs=0"], "a new head has to be trained"),
        ("plates_quick", ["stage.scratch.input_size=64"], "the last stage must train at data.input_size"),
        ("as_is", ["stage.none.epochs=1"], "the network unchanged"),
        ("as_is", ["model.head=new"], "a new head has to be trained"),
        ("as_is", ["model.weights=none"], "no weights"),
        ("as_is", ["model.hidden_units=8"], "model.hidden_units"),
        ("as_is", ["model.head_batch_norm=true"], "model.head_batch_norm"),
        ("as_is", ["model.batch_norm_momentum=0.9"], "model.batch_norm_momentum"),
        ("as_is", ["model.activation=relu6"], "model.activation"),
        ("as_is", ["name=../up"], "cannot be called"),
    ],
)
def test_what_does_not_fit_is_refused(recipe: str, settings: list[str], word: str) -> None:
    with pytest.raises(BadRecipe, match=word.replace(".", r"\.")):
        load_recipe(recipe, settings)


def test_the_way_out_is_a_way_out() -> None:
    with pytest.raises(BadRecipe) as caught:
        load_recipe("as_is", ["model.head=new"])
    assert load_recipe("as_is", ["model.head=new", caught.value.hint.removeprefix("--set ")]).stage["none"].epochs == 1
