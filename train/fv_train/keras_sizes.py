"""How large a `.keras` model would be, asked before any memory is taken for it.

The configuration says how large the weights are, and Keras allocates and draws them before it reads the stored ones: a
file of a few kilobytes with `units: 25000000000` takes the machine down. So the model is first built from names and
shapes alone, and refused where

    the weights have more elements than the file stores: all are stored, or loading fails
    one picture's activations would not fit (an UpSampling2D or a ZeroPadding2D needs no weights)

`keras.StatelessScope` builds without allocating. What it leaves behind to be initialized later stands in the state of
its thread, so this is done in a thread of its own, with which it vanishes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fv_train.keras_archive import UnsafeModel

# EfficientNetV2-L, the largest of keras.applications, makes 240 x 240 x 128 numbers of a picture in its largest layer:
# 7 million. Nine times that, 256 MiB in float32, is no network for a device.
MAX_ACTIVATION_ELEMENTS = 1 << 26
# Two numbers for the seed of each random layer are not stored.
_MAX_NOT_STORED = 1 << 16


def check_sizes(config: dict[str, Any], stored_elements: int, path: Path) -> None:
    """Raise `UnsafeModel` for a model that is larger than its file can account for.

    `config`: checked by `keras_archive`. `stored_elements`: numbers in the file's weights. Raises what Keras raises
    for a configuration that describes no model.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        weights, largest = thread.submit(_sizes, config).result()
    if weights > stored_elements + _MAX_NOT_STORED:
        raise UnsafeModel(
            f"refused {path}",
            why=f"its layers would have {weights} weights, and the file stores {stored_elements}",
        )
    if largest > MAX_ACTIVATION_ELEMENTS:
        raise UnsafeModel(
            f"refused {path}",
            why=f"a layer makes {largest} numbers of one picture, the limit is {MAX_ACTIVATION_ELEMENTS}",
        )


def _sizes(config: dict[str, Any]) -> tuple[int, int]:
    """Elements of all weights, and of the largest tensor that one picture becomes."""
    import keras

    with keras.StatelessScope(initialize_variables=False):
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        weights = sum(math.prod(int(size) for size in variable.shape) for variable in model.variables)
        return weights, max((_elements(tensor.shape) for tensor in _tensors(model)), default=0)


def _tensors(model: Any) -> Iterator[Any]:
    """Every tensor of the model and of the models inside it."""
    # A Sequential keeps the graph of its layers in a functional model of its own.
    graph = getattr(model, "_functional", None) or model
    for operation in getattr(graph, "operations", ()):
        for node in operation._inbound_nodes:
            yield from node.output_tensors
        yield from _tensors(operation)


def _elements(shape: tuple[int | None, ...]) -> int:
    """Of one picture: the batch does not count."""
    return math.prod(size or 1 for size in shape[1:])
