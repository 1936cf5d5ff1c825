"""Networks: a pretrained backbone by name, and our head on top.

Every network reads raw 0..255 pixels, because its first layers scale them (`applications`): MobileNetV3 holds a
Rescaling to -1..1 (Keras's `preprocess_input` does nothing for it), EfficientNet a Rescaling and a Normalization.

    picture (n, N, N, 3) float -> backbone -> mean over rows and columns -> [BatchNorm] -> [Dense, ReLU] -> dropout
                               -> `logits` -> `probabilities` (n, C), softmax

Head and softmax are float32 under every policy. Training reads `logits`; the saved model ends with `probabilities`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fv_core.registry import unknown_name
from fv_train.activation_swap import swapped
from fv_train.applications import APPLICATIONS, reverse_channels
from fv_train.errors import BadRecipe, NoWeights
from fv_train.recipe import Recipe
from fv_train.weights import first_line, load_file

if TYPE_CHECKING:
    import keras


# Five halvings leave one pixel of it.
SMALLEST = 32


@dataclass(frozen=True)
class Backbone:
    """`build(input_size, alpha, minimalistic, weights)` gives the network without top; `weights` is None or `imagenet`.

    `whole`: the same with its published classifier, ending in logits; None where none was published. `forms`: which of
    `alpha` and `minimalistic` it knows. `source`: paper and implementation. `reversed_channels`: files of published
    weights read BGR.
    """

    build: Callable[[int, float, bool, str | None], keras.Model]
    forms: tuple[str, ...]
    source: str
    reversed_channels: bool = False
    whole: Callable[[int, float, bool, str | None], keras.Model] | None = None


def _lite0(input_size: int, alpha: float, minimalistic: bool, weights: str | None) -> keras.Model:
    from fv_train.efficientnet_lite import lite0

    if weights is not None:
        raise ValueError("Keras publishes none for EfficientNet-Lite0")
    return lite0(input_size)


BACKBONES: dict[str, Backbone] = {
    name: Backbone(
        row.build,
        row.forms,
        f"{row.source}; keras.applications",
        row.scaling == "caffe",
        partial(row.build, whole=True),
    )
    for name, row in APPLICATIONS.items()
} | {"efficientnetlite0": Backbone(_lite0, (), "tensorflow/tpu, models/official/efficientnet/lite; our layers")}


@dataclass(frozen=True)
class Network:
    """One set of weights, seen three ways: `backbone`, `logits` and `probabilities` share all layers."""

    backbone: keras.Model
    logits: keras.Model
    probabilities: keras.Model

    def head_layers(self) -> list[keras.layers.Layer]:
        """The layers on top of the backbone."""
        below = {id(layer) for layer in self.backbone.layers}
        return [layer for layer in self.logits.layers if id(layer) not in below]


def build(
    recipe: Recipe,
    classes: int,
    *,
    policy: str = "float32",
    load_weights: bool = True,
    input_size: int | None = None,
    fused: bool = False,
) -> Network:
    """Build the recipe's network for `classes` classes under a Keras dtype policy, with its starting weights.

    `load_weights` False leaves the weights random, for a caller that sets all of them. `input_size`: of a stage that
    trains on smaller pictures; the weights are the same. `fused`: to be trained without XLA and thrown away; see
    `fused_norm`. Raises `UnknownName` for a backbone that is not in the table, `BadRecipe`, `BadWeights` or
    `NoWeights`.
    """
    import keras

    wanted = recipe.model
    if wanted.backbone not in BACKBONES:
        raise unknown_name("backbone", wanted.backbone, BACKBONES)
    row = BACKBONES[wanted.backbone]
    _check_forms(row, recipe)
    size = input_size or recipe.data.input_size
    if size < SMALLEST:
        raise BadRecipe(f"input_size must be at least {SMALLEST}", why=f"{wanted.backbone} halves its input five times")
    if wanted.head == "published":
        return _published(row, recipe, size, load_weights=load_weights)
    with _dtype_policy(policy):
        backbone = _with_weights(row, recipe, wanted.weights if load_weights else "none", size)
        backbone = _adapted(backbone, recipe, fused=fused)
        x = keras.layers.GlobalAveragePooling2D(name="pool")(backbone.output)
        if wanted.head_batch_norm:
            x = keras.layers.BatchNormalization(name="head_norm")(x)
        if wanted.hidden_units:
            x = keras.layers.Dense(wanted.hidden_units, activation="relu", name="hidden")(x)
        if recipe.regularize.dropout:
            x = keras.layers.Dropout(recipe.regularize.dropout, seed=recipe.data.seed, name="dropout")(x)
        logits = keras.layers.Dense(classes, dtype="float32", name="logits")(x)
        probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
        return Network(
            backbone, keras.Model(backbone.input, logits), keras.Model(backbone.input, probabilities, name=recipe.name)
        )


def _published(row: Backbone, recipe: Recipe, size: int, *, load_weights: bool) -> Network:
    """The whole network as it was published, float32; its last layer before the softmax gives the logits."""
    import keras

    if row.whole is None:
        raise BadRecipe(
            f"no classifier of {recipe.model.backbone} is published here",
            why="it comes without top",
            hint="--set model.head=new trains one; or another model.backbone",
        )
    whole = replace(row, build=row.whole)
    with _dtype_policy("float32"):
        logits = _with_weights(whole, recipe, recipe.model.weights if load_weights else "none", size)
        probabilities = keras.layers.Softmax(name="probabilities")(logits.output)
        return Network(logits, logits, keras.Model(logits.input, probabilities, name=recipe.name))


def batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The model's BatchNormalization layers, in order."""
    import keras

    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


def _adapted(backbone: keras.Model, recipe: Recipe, *, fused: bool) -> keras.Model:
    """The backbone as the recipe wants it: activation, momentum, and the layers that it is trained with."""
    import keras

    wanted = recipe.model
    if wanted.activation != "published":
        backbone = swapped(backbone, wanted.activation)
    if wanted.batch_norm_momentum:
        for layer in batch_norms(backbone):
            layer.momentum = wanted.batch_norm_momentum
    if fused and keras.backend.backend() == "tensorflow":
        from fv_train.fused_norm import with_fused_norms

        backbone = with_fused_norms(backbone)
    return backbone


def _check_forms(row: Backbone, recipe: Recipe) -> None:
    wanted = recipe.model
    for form, asked in (("alpha", wanted.alpha != 1.0), ("minimalistic", wanted.minimalistic)):
        if asked and form not in row.forms:
            known = ", ".join(name for name, other in BACKBONES.items() if form in other.forms)
            raise BadRecipe(f"{wanted.backbone} has no {form}", why=f"these have: {known}")


def _with_weights(row: Backbone, recipe: Recipe, weights: str, size: int) -> keras.Model:
    wanted = recipe.model
    if weights == "imagenet":
        return _built(row, recipe, size, "imagenet")
    backbone = _built(row, recipe, size, None)
    if weights != "none":
        load_file(backbone, Path(weights), wanted.backbone, top=wanted.head == "published")
        if row.reversed_channels:
            reverse_channels(backbone)
    return backbone


def _built(row: Backbone, recipe: Recipe, size: int, weights: str | None) -> keras.Model:
    wanted = recipe.model
    try:
        with warnings.catch_warnings():
            # "Weights for input shape (224, 224) will be loaded": a network without top takes them at any size.
            warnings.filterwarnings("ignore", message=".*`input_shape` is undefined or non-square.*")
            return row.build(size, wanted.alpha, wanted.minimalistic, weights)
    except ValueError as error:
        hint = "--set model.weights=none or --set model.weights=FILE" if weights else "--set data.input_size=224"
        what = "no ImageNet weights for" if weights else "no"
        raise BadRecipe(
            f"there are {what} {wanted.backbone} of this form at {size} px", why=first_line(error), hint=hint
        ) from error
    # keras.utils.get_file raises a bare Exception for a failed download: nothing narrower can be caught.
    except Exception as error:
        if weights is None:
            raise
        raise NoWeights(
            f"cannot download the ImageNet weights of {wanted.backbone}",
            why=first_line(error),
            hint="--set model.weights=FILE with a .weights.h5 file without top, or --set model.weights=none",
        ) from error


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """keras.applications take no dtype: set the global policy for the construction and put it back."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
