"""Another activation in the place of a network's smooth ones, all pretrained weights kept.

SiLU (x sigmoid(x), EfficientNet) and hard-swish (x relu6(x + 3) / 6, MobileNetV3) differ by at most 0.15 (at x = +-3,
where the one is 2.86 and -0.14, the other 3 and 0), so pretrained weights survive with a few epochs of fine-tuning;
ReLU6 is further away and the friendliest to 8 bits: its range is known before any picture is seen. Only the smooth
activations are exchanged: ReLUs, and the gates of squeeze-and-excite, stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fv_train.carry import carry
from fv_train.errors import BadRecipe

if TYPE_CHECKING:
    import keras

# As Keras's configurations name them; `swish` and `hard_swish` are the older names.
SMOOTH = frozenset({"silu", "swish", "hard_silu", "hard_swish"})


def swapped(model: keras.Model, activation: str) -> keras.Model:
    """A copy of `model` with `activation` for each smooth one, and the same weights.

    Raises `BadRecipe` for a network that has none.
    """
    import keras

    count = 0

    def copy(layer: Any) -> Any:
        nonlocal count
        config = layer.get_config()
        if config.get("activation") in SMOOTH:
            config["activation"] = activation
            count += 1
        return layer.__class__.from_config(config)

    made = keras.models.clone_model(model, clone_function=copy)
    if not count:
        raise BadRecipe(
            f"{model.name} has no smooth activation to exchange for {activation}",
            why="only SiLU and hard-swish are exchanged",
            hint="--set model.activation=published",
        )
    carry(model.get_weights(), made)
    return made
