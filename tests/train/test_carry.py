"""Weights that go from network to network take what Keras's Normalization makes of them along."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

import fv_train
from fv_core.imageset import ImageSet
from fv_core.preprocess import Preprocess
from fv_train import carry
from fv_train.activation_swap import swapped
from fv_train.backbones import BACKBONES, Backbone, build
from fv_train.begin import TrainOptions
from fv_train.efficientnet_lite import load_npz
from fv_train.errors import ModelDiffers
from fv_train.fused_norm import with_fused_norms
from fv_train.inputs import EvaluationInputs
from fv_train.loop import train
from fv_train.predict import answers
from fv_train.recipe import Recipe
from fv_train.run import Run
from fv_train.step import Trainee, network_arrays
from tests.train._pictures import imageset, tiny_recipe

# Far from Keras's own 0 and 1; of pixels from 0 to 255.
MEAN, VARIANCE = [90.0, 100.0, 110.0], [3600.0, 4000.0, 4900.0]


def normalized(
    input_size: int, alpha: float = 1.0, minimalistic: bool = False, weights: str | None = None
) -> keras.Model:
    """A tiny network that begins as an EfficientNet does."""
    x = inputs = keras.Input((input_size, input_size, 3))
    x = keras.layers.Normalization()(x)
    for filters in (8, 16):
        x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.Activation("silu")(x)
    return keras.Model(inputs, x)


@pytest.fixture(scope="module", autouse=True)
def _normalized() -> Iterator[None]:
    BACKBONES["normalized"] = Backbone(normalized, ("alpha", "minimalistic"), "these tests")
    yield
    del BACKBONES["normalized"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file, as `model.weights` takes it."""
    model = normalized(32)
    model.set_weights([np.array(MEAN), np.array(VARIANCE), np.array(0), *model.get_weights()[3:]])
    path = tmp_path_factory.mktemp("weights") / "own.weights.h5"
    model.save_weights(path)
    return path


@pytest.fixture
def whole(weights: Path) -> keras.Model:
    """A network that was read from the file."""
    model = normalized(32)
    model.load_weights(weights)
    return model


def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)


def carried(model: keras.Model) -> keras.Model:
    other = normalized(32)
    carry.carry(model.get_weights(), other)
    return other


def nested(model: keras.Model) -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    other = keras.Model(inputs, normalized(32)(inputs))
    carry.carry(model.get_weights(), other)
    return other


def from_npz(model: keras.Model, folder: Path) -> keras.Model:
    other = normalized(32)
    arrays = {}
    for one, layer in zip(model.layers, other.layers, strict=True):
        arrays |= {f"{layer.name}/{variable.name}": np.asarray(variable) for variable in one.weights}
    np.savez(folder / "own.npz", **arrays)
    load_npz(other, folder / "own.npz")
    return other


@pytest.mark.parametrize("copied", [carried, nested, lambda model: swapped(model, "silu"), with_fused_norms])
def test_a_copy_answers_as_its_original(whole: keras.Model, copied: Callable[[keras.Model], keras.Model]) -> None:
    expected = np.asarray(whole(pixels()))
    np.testing.assert_allclose(np.asarray(copied(whole)(pixels())), expected, rtol=1e-5, atol=1e-5)


def test_an_archive_of_arrays_too(whole: keras.Model, tmp_path: Path) -> None:
    found = np.asarray(from_npz(whole, tmp_path)(pixels()))
    np.testing.assert_allclose(found, np.asarray(whole(pixels())), rtol=1e-5, atol=1e-5)


def test_nobody_else_sets_the_weights_of_a_network() -> None:
    folder = Path(fv_train.__path__[0])
    found = {path.name for path in folder.rglob("*.py") if ".set_weights(" in path.read_text()}
    # `applications` turns the first kernel around: a layer's.
    assert found == {"carry.py", "applications.py"}


def recipe(weights: Path, *settings: str) -> Recipe:
    return tiny_recipe("model.backbone=normalized", f"model.weights={weights}", "stage.scratch.epochs=6", *settings)


def last_selected(run: Run) -> float:
    with (run.folder / "history.csv").open(newline="") as stream:
        return float(list(csv.DictReader(stream))[-1]["select_top1"])


def file_top1(run: Run, pictures: ImageSet) -> float:
    split = pictures.split("validation")
    inputs = EvaluationInputs(split, np.arange(len(split)), Preprocess(pictures.size, 1.0, 32))
    model = keras.models.load_model(run.model_path, compile=False)
    return float((answers(model, inputs.batches(8), 8).argmax(1) == inputs.labels).mean())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return imageset(tmp_path_factory.mktemp("pictures") / "set")


@pytest.mark.parametrize("settings", [(), ("precision.compute=mixed_bfloat16",), ("precision.jit=on",)])
def test_the_file_is_as_good_as_the_network_that_learnt(
    weights: Path, pictures: ImageSet, tmp_path: Path, settings: tuple[str, ...]
) -> None:
    asked = recipe(weights, "select.on=reported", "data.crop_fraction=1", "select.keep=last", *settings)
    run = train(TrainOptions(asked, pictures.folder, tmp_path / "run"))
    assert file_top1(run, pictures) == pytest.approx(last_selected(run), abs=0.1)
    assert file_top1(run, pictures) > 0.8


def test_what_learnt_on_other_pixels_is_not_written(
    weights: Path, pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry, "settle", lambda model: None)
    with pytest.raises(ModelDiffers, match="does not answer as the network that was trained"):
        train(TrainOptions(recipe(weights), pictures.folder, tmp_path / "run"))
    assert not (tmp_path / "run" / "model.keras").exists()


def test_a_checkpoint_settles_what_it_restores(weights: Path, pictures: ImageSet, tmp_path: Path) -> None:
    """Resumed networks are built with random weights."""
    asked = recipe(weights)
    one, other = (build(asked, 3, load_weights=load, input_size=32) for load in (True, False))
    trainee = Trainee(other, asked, pictures.size, jit=False)
    trainee.start_stage(asked.stage["scratch"])
    trainee.restore(network_arrays(one))
    np.testing.assert_allclose(
        np.asarray(other.logits(pixels())), np.asarray(one.logits(pixels())), rtol=1e-5, atol=1e-5
    )
