"""Weights from one network to another of the same form, and what layers make of theirs.

Keras's Normalization (the first layers of an EfficientNet) computes with two constants that it makes of its weights
when it is built and when a file is read: mean 0 and variance 1, or what the file holds. `set_weights` and `assign`
leave the constants of before. A copy would then learn on other pixels than the saved file sees, and the file, right by
itself, would be of no use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras


def carry(weights: Sequence[NDArray[Any]], to: keras.Model) -> None:
    """Set all weights of the network `to`, in the order of its `get_weights`."""
    to.set_weights(list(weights))
    settle(to)


def settle(model: keras.Model) -> None:
    """Have the layers of a network, nested ones too, use the weights that they have; after any `assign`."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            settle(layer)
        elif isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
