"""The compiled step: the optimizer that the recipe names, and what freezing leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from fv_train.backbones import build
from fv_train.data import Batch, TrainBatches
from fv_train.recipe import Optimizer, Recipe
from fv_train.step import Trainee, optimizer_for
from tests.train._pictures import imageset, tiny_recipe, with_tiny_backbone

# One step of SGD in float32.
FLOAT = 1e-6


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with with_tiny_backbone():
        yield


def trainee(recipe: Recipe) -> Trainee:
    keras.utils.set_random_seed(0)
    made = Trainee(build(recipe, 3), recipe, 40, jit=False)
    made.start_stage(recipe.stage["scratch"])
    return made


def batch(folder: Path, recipe: Recipe) -> Batch:
    split = imageset(folder / "set").split("train")
    batches = TrainBatches(split, np.arange(len(split)), 3, recipe)
    return batches.batch(0, 0, 0, batches.order(0, 0))


@pytest.mark.parametrize(("name", "kind"), [("adamw", "AdamW"), ("adam", "Adam"), ("sgd", "SGD")])
def test_the_optimizer_is_the_one_that_is_named(name: str, kind: str) -> None:
    found = optimizer_for(Optimizer(name=name, clip_norm=2.0, ema_decay=0.9, momentum=0.8), (1.0,))  # type: ignore[arg-type]  # parametrized
    assert type(found).__name__ == kind
    assert (found.global_clipnorm, found.use_ema, found.ema_momentum) == (2.0, True, 0.9)
    if name == "sgd":
        assert (found.momentum, found.nesterov) == (0.8, True)


def test_options_that_are_off_are_off() -> None:
    found = optimizer_for(Optimizer(), (1.0,))
    assert (found.global_clipnorm, found.use_ema) == (None, False)


def test_a_factor_multiplies_the_rate_of_its_variable_alone() -> None:
    first, second = keras.Variable(np.zeros(2, np.float32)), keras.Variable(np.zeros(2, np.float32))
    optimizer = optimizer_for(Optimizer(name="sgd", momentum=0.0), (1.0, 10.0))
    optimizer.build([first, second])
    optimizer.learning_rate = 0.1
    one = keras.ops.ones(2)
    optimizer.apply([one, one], [first, second])
    np.testing.assert_allclose(np.asarray(first), -0.1, atol=FLOAT)
    np.testing.assert_allclose(np.asarray(second), -1.0, atol=FLOAT)


def test_decay_spares_biases_and_normalization() -> None:
    names = ("kernel", "bias", "gamma", "beta")
    variables = [keras.Variable(np.ones(2, np.float32), name=name) for name in names]
    optimizer = optimizer_for(Optimizer(name="sgd", momentum=0.0, weight_decay=0.5), (1.0,) * 4)
    optimizer.build(variables)
    optimizer.learning_rate = 0.1
    optimizer.apply([keras.ops.zeros(2)] * 4, variables)
    for name, variable in zip(names, variables, strict=True):
        np.testing.assert_allclose(np.asarray(variable), 0.95 if name == "kernel" else 1.0, atol=FLOAT)


def test_a_rate_of_zero_changes_no_weight(tmp_path: Path) -> None:
    recipe = tiny_recipe("stage.scratch.batch_norm=frozen", "optimizer.weight_decay=0")
    made = trainee(recipe)
    before = [np.array(value) for value in made.network.logits.weights]
    result = made.run(batch(tmp_path, recipe), 0.0)
    assert np.isfinite(result.loss)
    for one, other in zip(before, made.network.logits.weights, strict=True):
        np.testing.assert_array_equal(one, np.asarray(other))


def test_frozen_batch_norm_keeps_statistics_scale_and_shift(tmp_path: Path) -> None:
    for setting, moved in (("frozen", False), ("train", True)):
        recipe = tiny_recipe(f"stage.scratch.batch_norm={setting}")
        made = trainee(recipe)
        layer = made.network.backbone.layers[3]
        assert isinstance(layer, keras.layers.BatchNormalization)
        before = [np.array(value) for value in layer.weights]
        made.run(batch(tmp_path / setting, recipe), 1e-2)
        changed = [not np.array_equal(a, np.asarray(b)) for a, b in zip(before, layer.weights, strict=True)]
        assert changed == [moved] * 4


def test_the_average_is_put_in_place_and_taken_out_again(tmp_path: Path) -> None:
    recipe = tiny_recipe("optimizer.ema_decay=0.5", "optimizer.name=sgd")
    made = trainee(recipe)
    one = batch(tmp_path, recipe)
    for _ in range(3):
        made.run(one, 0.1)
    kernel = made.network.logits.trainable_variables[-2]
    trained = np.array(kernel)
    before = made.use_average()
    assert not np.array_equal(trained, np.asarray(kernel))
    made.put_back(before)
    np.testing.assert_array_equal(trained, np.asarray(kernel))


def test_restored_arrays_are_the_arrays_that_were_taken(tmp_path: Path) -> None:
    recipe = tiny_recipe("regularize.dropout=0.5")
    made, other = trainee(recipe), trainee(recipe)
    one = batch(tmp_path, recipe)
    made.run(one, 1e-2)
    other.restore(made.arrays())
    assert made.run(one, 1e-2) == other.run(one, 1e-2)
    for name, array in made.arrays().items():
        np.testing.assert_array_equal(array, other.arrays()[name])


def test_arrays_of_another_network_are_refused() -> None:
    arrays = trainee(tiny_recipe()).arrays()
    with pytest.raises(ValueError, match="variables"):
        trainee(tiny_recipe("model.hidden_units=4")).restore(arrays)
    name = next(iter(arrays))
    with pytest.raises(ValueError, match="the network has"):
        trainee(tiny_recipe()).restore(arrays | {name: np.zeros(7)})


def test_rates_fall_from_the_head_to_the_first_layer() -> None:
    recipe = tiny_recipe("optimizer.layer_decay=0.01", "optimizer.head_factor=5", "optimizer.name=sgd")
    made = trainee(recipe)
    network = made.network
    layers = [layer for layer in network.backbone.layers if layer.weights]
    rates = made._rates()
    found = [rates[id(layer.weights[0])] for layer in layers]
    # Four layers with weights: 0.01^(1), 0.01^(2/3), 0.01^(1/3), 1.
    np.testing.assert_allclose(found, [0.01 ** (1 - i / 3) for i in range(4)], rtol=1e-9)
    head = next(layer for layer in network.head_layers() if layer.weights)
    assert rates[id(head.weights[0])] == 5.0


def test_without_decay_every_layer_learns_at_the_recipes_rate() -> None:
    made = trainee(tiny_recipe("optimizer.head_factor=1"))
    assert set(made._rates().values()) == {1.0}
