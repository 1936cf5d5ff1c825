"""Loading anybody's `.keras` file: what is a classifier, what is refused, and under which policy it comes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from fv_core.errors import FvError
from fv_train.keras_archive import DamagedModel, UnsafeModel
from fv_train.load import NotAClassifier, load_classifier

if TYPE_CHECKING:
    import h5py
    import keras

SIZE = 16


def classifier(**end: Any) -> keras.Model:
    import keras

    options = {"units": 3, "activation": "softmax"} | end
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            keras.layers.Conv2D(4, 3, strides=2),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(**options),
        ]
    )


def saved(model: keras.Model, folder: Path) -> Path:
    path = folder / "model.keras"
    model.save(path)
    return path


def test_a_classifier_answers_as_it_did(tmp_path: Path) -> None:
    model = classifier()
    pictures = np.random.default_rng(0).uniform(0, 255, (4, SIZE, SIZE, 3)).astype(np.float32)
    loaded = load_classifier(saved(model, tmp_path))
    np.testing.assert_array_equal(loaded(pictures), model(pictures))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_mixed_precision_model_comes_under_the_float32_policy(policy: str, tmp_path: Path) -> None:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = classifier(dtype="float32")
    finally:
        keras.config.set_dtype_policy(before)
    loaded = load_classifier(saved(model, tmp_path))
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    for mine, theirs in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def _logits(keras: Any) -> keras.Model:
    return classifier(activation=None)


def _sigmoid(keras: Any) -> keras.Model:
    return classifier(activation="sigmoid")


def _one_class(keras: Any) -> keras.Model:
    return classifier(units=1)


def _two_outputs(keras: Any) -> keras.Model:
    base = classifier()
    return keras.Model(base.inputs, [base.outputs[0], keras.layers.Softmax()(base.outputs[0])])


def _two_inputs(keras: Any) -> keras.Model:
    first, second = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()([first, second]))
    return keras.Model([first, second], keras.layers.Dense(3, activation="softmax")(pooled))


def _grey(keras: Any) -> keras.Model:
    return keras.Sequential(
        [keras.Input((SIZE, SIZE, 1)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    )


def _any_size(keras: Any) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (_logits, "softmax"),
        (_sigmoid, "softmax"),
        (_one_class, "one class"),
        (_two_outputs, "2 outputs"),
        (_two_inputs, "2 inputs"),
        (_grey, "reads"),
        (_any_size, "size"),
    ],
)
def test_what_is_no_classifier_is_refused(build: Callable[[Any], keras.Model], word: str, tmp_path: Path) -> None:
    import keras

    with pytest.raises(NotAClassifier, match=word):
        load_classifier(saved(build(keras), tmp_path))


def test_softmax_as_a_layer_and_inside_a_nested_model_counts(tmp_path: Path) -> None:
    import keras

    nested = keras.Sequential([keras.Input((SIZE, SIZE, 3)), classifier(activation=None), keras.layers.Softmax()])
    outer = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.RandomFlip(), nested])
    assert load_classifier(saved(outer, tmp_path)).output_shape == (None, 3)


def with_weights(path: Path, change: Callable[[h5py.File], None]) -> Path:
    """The archive with its HDF5 member changed."""
    import h5py

    weights = path.parent / "weights.h5"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights.write_bytes(members["model.weights.h5"])
    with h5py.File(weights, "a") as file:
        change(file)
    members["model.weights.h5"] = weights.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def _soft_link(file: h5py.File) -> None:
    import h5py

    file["link"] = h5py.SoftLink("/layers")


def _external_link(file: h5py.File) -> None:
    import h5py

    file["link"] = h5py.ExternalLink("/etc/passwd", "/")


def _external_storage(file: h5py.File) -> None:
    file.create_dataset("stored", (16,), dtype="u1", external=[("/etc/passwd", 0, 16)])


def _virtual(file: h5py.File) -> None:
    import h5py

    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "data", shape=(4,))
    file.create_virtual_dataset("virtual", layout)


def _shape_bomb(file: h5py.File) -> None:
    file.create_dataset("bomb", (1 << 20, 1 << 20), dtype="f4", chunks=(1, 1024), fillvalue=0.0)


@pytest.mark.parametrize("change", [_soft_link, _external_link, _external_storage, _virtual, _shape_bomb])
def test_weights_that_reach_outside_or_explode_are_refused(change: Callable[[h5py.File], None], tmp_path: Path) -> None:
    path = with_weights(saved(classifier(), tmp_path), change)
    with pytest.raises(UnsafeModel):
        load_classifier(path)


def _missing_array(file: h5py.File) -> None:
    del file["layers"]


@pytest.mark.parametrize("damage", ["missing", "noise"])
def test_weights_that_do_not_fit_are_damaged(damage: str, tmp_path: Path) -> None:
    path = saved(classifier(), tmp_path)
    if damage == "missing":
        with_weights(path, _missing_array)
    else:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        members["model.weights.h5"] = members["model.weights.h5"][:64] + b"\xff" * 4096
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    with pytest.raises(FvError) as caught:
        load_classifier(path)
    assert isinstance(caught.value, DamagedModel)
