"""What has to fit together in a recipe; the value of each key alone is checked where it is read (`recipe_toml`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fv_train.errors import BadRecipe

if TYPE_CHECKING:
    from fv_train.recipe import Recipe

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,99}")


def check(recipe: Recipe) -> None:
    """Raise `BadRecipe` for a resolved recipe that cannot be carried out as it stands."""
    if not _NAME.fullmatch(recipe.name):
        raise BadRecipe(f"a recipe cannot be called {recipe.name!r}", why="the name becomes that of a folder")
    if recipe.size_of(len(recipe.stage) - 1) != recipe.data.input_size:
        raise BadRecipe(
            "the last stage must train at data.input_size",
            why="the exported network sees pictures of that size",
            hint=f"--set stage.{list(recipe.stage)[-1]}.input_size=0",
        )
    if recipe.model.head == "published":
        _check_published(recipe)
    for name, stage in recipe.stage.items():
        if not stage.epochs and recipe.model.head == "new":
            raise BadRecipe(
                f"the stage {name} has no epochs",
                why="a new head has to be trained",
                hint=f"--set stage.{name}.epochs=1",
            )


def _check_published(recipe: Recipe) -> None:
    """The published classifier is taken as it is: no epochs, and nothing of a network of ours."""
    for name, stage in recipe.stage.items():
        if stage.epochs:
            raise BadRecipe(
                f"the stage {name} trains the published classifier",
                why="model.head = published is the network unchanged",
                hint=f"--set stage.{name}.epochs=0, or --set model.head=new",
            )
    model = recipe.model
    if model.weights == "none":
        raise BadRecipe(
            "no weights for the published classifier",
            why="nothing would be trained, and nothing known",
            hint="--set model.weights=imagenet, or a .weights.h5 file with top",
        )
    ours = {
        "head_batch_norm": model.head_batch_norm,
        "hidden_units": model.hidden_units,
        "batch_norm_momentum": model.batch_norm_momentum,
        "activation": model.activation != "published",
    }
    for key, asked in ours.items():
        if asked:
            raise BadRecipe(
                f"model.{key} changes the network, and model.head = published is the network unchanged",
                hint="fv recipes show as_is",
            )
