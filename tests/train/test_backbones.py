"""Backbones: raw pixels in, probabilities out, and weights that fit or are refused."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from fv_core.errors import FvError, UnknownName
from fv_train import backbones
from fv_train.backbones import BACKBONES, build
from fv_train.errors import BadRecipe, BadWeights, NoWeights
from tests.train._pictures import narrow_recipe

SMALL = "mobilenet_v3_small_1.0_224_notop.weights.h5"


def pixels(size: int = 32) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype(np.float32)


# One of each family of small networks; `test_applications` looks at the scaling of all of them.
SMALL_NETWORKS = (
    "mobilenetv3small",
    "mobilenetv3large",
    "efficientnetb0",
    "efficientnetlite0",
    "mobilenet",
    "resnet50",
)


@pytest.mark.parametrize("name", SMALL_NETWORKS)
def test_every_backbone_takes_raw_pixels_and_has_a_source(name: str) -> None:
    settings = [f"model.backbone={name}", "model.alpha=1.0", "model.minimalistic=false"]
    network = build(narrow_recipe(*settings), 5)
    assert network.probabilities.input_shape == (None, 32, 32, 3)
    assert network.probabilities.output_shape == (None, 5)
    assert BACKBONES[name].source
    kinds = [type(layer).__name__ for layer in network.backbone.layers]
    assert "Rescaling" in kinds, "nothing scales the raw pixels"


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    network = build(narrow_recipe(), 4)
    logits, answers = network.logits.predict_on_batch(pixels()), network.probabilities.predict_on_batch(pixels())
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers, wanted, atol=1e-6)
    assert network.probabilities.name == "plates_quick"


def test_head_and_softmax_are_float32_under_a_mixed_policy_and_the_policy_is_put_back() -> None:
    network = build(narrow_recipe(), 4, policy="mixed_bfloat16")
    assert keras.config.dtype_policy().name == "float32"
    assert [layer.compute_dtype for layer in network.probabilities.layers[-2:]] == ["float32", "float32"]
    assert network.backbone.layers[3].compute_dtype == "bfloat16"
    assert {variable.dtype for variable in network.logits.weights} == {"float32"}


def test_the_policy_is_put_back_when_the_weights_are_wrong() -> None:
    with pytest.raises(BadWeights):
        build(narrow_recipe("model.weights=/none.weights.h5"), 4, policy="mixed_bfloat16")
    assert keras.config.dtype_policy().name == "float32"


def test_batch_norm_momentum_is_the_recipes_or_the_backbones_own() -> None:
    for setting, wanted in (("0.9", 0.9), ("0.0", 0.999)):
        network = build(narrow_recipe(f"model.batch_norm_momentum={setting}"), 3)
        assert {layer.momentum for layer in backbones.batch_norms(network.backbone)} == {wanted}


def test_the_head_has_what_the_recipe_says() -> None:
    plain = build(narrow_recipe("regularize.dropout=0"), 3)
    rich = build(narrow_recipe("model.hidden_units=16", "regularize.dropout=0.5"), 3)
    assert [layer.name for layer in plain.head_layers()] == ["pool", "logits"]
    assert [layer.name for layer in rich.head_layers()] == ["pool", "hidden", "dropout", "logits"]


def test_weights_written_by_keras_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "mine.weights.h5"
    first = build(narrow_recipe(), 3)
    first.backbone.save_weights(path)
    again = build(narrow_recipe(f"model.weights={path}"), 7)
    for one, other in zip(first.backbone.weights, again.backbone.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "settings", [["model.alpha=0.5"], ["model.minimalistic=false"], ["model.backbone=mobilenetv3large"]]
)
def test_weights_of_another_architecture_are_refused(settings: list[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.weights.h5"
    build(narrow_recipe(), 3).backbone.save_weights(path)
    with pytest.raises(BadWeights) as caught:
        build(narrow_recipe(*settings, f"model.weights={path}"), 3)
    assert "model.backbone" in caught.value.hint


@pytest.mark.parametrize("name", ["gone.weights.h5", "text.weights.h5", "wrong.npz"])
def test_a_file_that_holds_no_weights_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if not name.startswith("gone"):
        path.write_bytes(b"no weights")
    with pytest.raises(BadWeights):
        build(narrow_recipe(f"model.weights={path}"), 3)


def test_without_network_imagenet_weights_name_the_file_option(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure: name resolution")  # as keras does

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", offline)
    monkeypatch.setenv("KERAS_HOME", "/nonexistent")
    with pytest.raises(NoWeights) as caught:
        build(narrow_recipe("model.weights=imagenet", "model.alpha=1.0", "model.minimalistic=false"), 3)
    assert "--set model.weights=FILE" in caught.value.hint


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("model.backbone=mobilenetv3tiny", UnknownName),
        ("data.input_size=16", BadRecipe),
        ("model.weights=imagenet", BadRecipe),
    ],
)
def test_impossible_networks_are_refused(setting: str, error: type[FvError]) -> None:
    with pytest.raises(error):
        build(narrow_recipe(setting), 3)


def test_a_width_for_a_network_without_one_is_refused() -> None:
    with pytest.raises(BadRecipe, match="efficientnetb0 has no alpha"):
        build(narrow_recipe("model.backbone=efficientnetb0"), 3)


@pytest.mark.data
def test_the_sample_weights_fit_mobilenetv3small_and_no_other(test_data: Path) -> None:
    weights = f"model.weights={test_data / 'weights' / SMALL}"
    full = ["model.alpha=1.0", "model.minimalistic=false", weights]
    network = build(narrow_recipe(*full), 101)
    assert not np.allclose(network.backbone.predict_on_batch(pixels()), 0.0)
    with pytest.raises(BadWeights):
        build(narrow_recipe("model.alpha=1.0", "model.minimalistic=true", weights), 101)


def test_a_weights_file_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "mine.weights.h5"
    build(narrow_recipe(), 3).backbone.save_weights(path)
    with h5py.File(path, "a") as file:
        file["elsewhere"] = h5py.ExternalLink("/etc/hostname", "/x")
    with pytest.raises(BadWeights, match="refused"):
        build(narrow_recipe(f"model.weights={path}"), 3)
