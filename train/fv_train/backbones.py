"""Networks: a pretrained backbone by name, and our head on top.

Every network reads raw 0..255 pixels, because its own first layers scale them: MobileNetV3 holds a Rescaling to -1..1
(Keras's `preprocess_input` does nothing for it), EfficientNet a Rescaling and a Normalization.

    picture (n, N, N, 3) float -> backbone -> mean over rows and columns -> [Dense, ReLU] -> dropout -> `logits`
                                                                        -> `probabilities` (n, C), softmax

Head and softmax are float32 under every policy. Training reads `logits`; the saved model ends with `probabilities`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fv_core.registry import unknown_name
from fv_train.errors import BadRecipe, NoWeights
from fv_train.recipe import Recipe
from fv_train.weights import first_line, load_file

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Backbone:
    """`build(input_size, alpha, minimalistic, weights)` gives the network without top; `weights` is None or `imagenet`.

    `has_width`: knows `alpha` and `minimalistic`. `source`: paper and implementation.
    """

    build: Callable[[int, float, bool, str | None], keras.Model]
    has_width: bool
    source: str


def _mobilenet_v3(constructor: str) -> Callable[[int, float, bool, str | None], keras.Model]:
    def build(input_size: int, alpha: float, minimalistic: bool, weights: str | None) -> keras.Model:
        import keras

        return getattr(keras.applications, constructor)(
            input_shape=(input_size, input_size, 3),
            alpha=alpha,
            minimalistic=minimalistic,
            include_top=False,
            weights=weights,
        )

    return build


def _efficientnet(constructor: str) -> Callable[[int, float, bool, str | None], keras.Model]:
    def build(input_size: int, alpha: float, minimalistic: bool, weights: str | None) -> keras.Model:
        import keras

        return getattr(keras.applications, constructor)(
            input_shape=(input_size, input_size, 3), include_top=False, weights=weights
        )

    return build


def _lite0(input_size: int, alpha: float, minimalistic: bool, weights: str | None) -> keras.Model:
    from fv_train.efficientnet_lite import lite0

    if weights is not None:
        raise ValueError("Keras publishes none for EfficientNet-Lite0")
    return lite0(input_size)


_V3 = "Howard et al. 2019, arXiv 1905.02244; keras.applications"
_EFFICIENTNET = "Tan and Le 2019, arXiv 1905.11946; keras.applications"
BACKBONES: dict[str, Backbone] = {
    "mobilenetv3small": Backbone(_mobilenet_v3("MobileNetV3Small"), True, _V3),
    "mobilenetv3large": Backbone(_mobilenet_v3("MobileNetV3Large"), True, _V3),
    "efficientnetb0": Backbone(_efficientnet("EfficientNetB0"), False, _EFFICIENTNET),
    "efficientnetb1": Backbone(_efficientnet("EfficientNetB1"), False, _EFFICIENTNET),
    "efficientnetlite0": Backbone(_lite0, False, "tensorflow/tpu, models/official/efficientnet/lite; our layers"),
}


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


def build(recipe: Recipe, classes: int, *, policy: str = "float32", load_weights: bool = True) -> Network:
    """Build the recipe's network for `classes` classes under a Keras dtype policy, with its starting weights.

    `load_weights` False leaves the weights random, for a caller that sets all of them. Raises `UnknownName` for a
    backbone that is not in the table, `BadRecipe`, `BadWeights` or `NoWeights`.
    """
    import keras

    wanted = recipe.model
    if wanted.backbone not in BACKBONES:
        raise unknown_name("backbone", wanted.backbone, BACKBONES)
    row = BACKBONES[wanted.backbone]
    if not row.has_width and (wanted.alpha != 1.0 or wanted.minimalistic):
        raise BadRecipe(
            f"{wanted.backbone} has neither alpha nor minimalistic", why="only MobileNetV3 comes in these forms"
        )
    if recipe.data.input_size < 32:
        raise BadRecipe("data: input_size must be at least 32", why=f"{wanted.backbone} halves its input five times")
    with _dtype_policy(policy):
        weights = wanted.weights if load_weights else "none"
        backbone = _with_weights(row, recipe, weights)
        if wanted.batch_norm_momentum:
            for layer in batch_norms(backbone):
                layer.momentum = wanted.batch_norm_momentum
        x = keras.layers.GlobalAveragePooling2D(name="pool")(backbone.output)
        if wanted.hidden_units:
            x = keras.layers.Dense(wanted.hidden_units, activation="relu", name="hidden")(x)
        if recipe.regularize.dropout:
            x = keras.layers.Dropout(recipe.regularize.dropout, seed=recipe.data.seed, name="dropout")(x)
        logits = keras.layers.Dense(classes, dtype="float32", name="logits")(x)
        probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
        return Network(
            backbone, keras.Model(backbone.input, logits), keras.Model(backbone.input, probabilities, name=recipe.name)
        )


def batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The model's BatchNormalization layers, in order."""
    import keras

    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


def _with_weights(row: Backbone, recipe: Recipe, weights: str) -> keras.Model:
    size, wanted = recipe.data.input_size, recipe.model
    if weights == "imagenet":
        return _downloaded(row, recipe)
    backbone = row.build(size, wanted.alpha, wanted.minimalistic, None)
    if weights != "none":
        load_file(backbone, Path(weights), wanted.backbone)
    return backbone


def _downloaded(row: Backbone, recipe: Recipe) -> keras.Model:
    wanted = recipe.model
    try:
        with warnings.catch_warnings():
            # "Weights for input shape (224, 224) will be loaded": a network without top takes them at any size.
            warnings.filterwarnings("ignore", message=".*`input_shape` is undefined or non-square.*")
            return row.build(recipe.data.input_size, wanted.alpha, wanted.minimalistic, "imagenet")
    except ValueError as error:
        raise BadRecipe(
            f"there are no ImageNet weights for {wanted.backbone} of this form",
            why=first_line(error),
            hint="--set model.weights=none or --set model.weights=FILE",
        ) from error
    # keras.utils.get_file raises a bare Exception for a failed download: nothing narrower can be caught.
    except Exception as error:
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
