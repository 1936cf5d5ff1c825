from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import keras
import pytest

from fv_train.keras_archive import UnsafeModel
from fv_train.keras_sizes import MAX_ACTIVATION_ELEMENTS, check_sizes

HERE = Path("m.keras")


def config(*middle: keras.Layer) -> dict[str, Any]:
    layers = [keras.Input((8, 8, 3)), *middle, keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    found: dict[str, Any] = keras.saving.serialize_keras_object(keras.Sequential(layers))
    return {**found, "compile_config": None}


def test_a_model_that_its_file_accounts_for_passes() -> None:
    check_sizes(config(), 8 * 8 * 3 * 2 + 2, HERE)


def test_one_changed_number_is_found_before_it_is_allocated() -> None:
    evil = config()
    evil["config"]["layers"][-1]["config"]["units"] = 25_000_000_000
    with pytest.raises(UnsafeModel, match="4825000000000 weights"):
        check_sizes(evil, 386, HERE)


@pytest.mark.parametrize("nested", [False, True])
def test_activations_count_wherever_the_layer_stands(nested: bool) -> None:
    evil = config(keras.layers.UpSampling2D(2), keras.layers.GlobalAveragePooling2D(keepdims=True))
    evil["config"]["layers"][1]["config"]["size"] = [1000, 1000]  # 8000 x 8000 x 3
    if nested:
        evil = {**config(), "config": {"name": "outer", "layers": [evil]}}
    with pytest.raises(UnsafeModel, match=f"192000000 numbers of one picture, the limit is {MAX_ACTIVATION_ELEMENTS}"):
        check_sizes(evil, 1000, HERE)


def test_nothing_is_left_to_be_initialized_later() -> None:
    """What a refused model leaves behind would be allocated with the next one that is built so."""
    evil = config()
    evil["config"]["layers"][-1]["config"]["units"] = 10**12
    threads = threading.active_count()
    with pytest.raises(UnsafeModel):
        check_sizes(evil, 386, HERE)
    with keras.StatelessScope():
        sound = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    assert sound.count_params() == 6
    assert threading.active_count() == threads
