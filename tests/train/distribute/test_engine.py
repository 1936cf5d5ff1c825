"""Which engine a recipe gets, and what each refuses; that they compute the same is in `test_training`."""

from __future__ import annotations

import keras
import pytest

from fv_train.distribute.engine import OneDevice, engine_for
from fv_train.distribute.mirrored import Mirrored
from fv_train.distribute.team import Alone
from fv_train.errors import CannotDistribute, TeamMismatch
from fv_train.precision import Choice
from tests.train._pictures import tiny_recipe

DISTRIBUTED = "distribute=data_parallel"


class Second(Alone):
    """A second worker, whose chief says and counts as told."""

    index = 1
    count = 2

    def __init__(self, backend: str, devices: int) -> None:
        self._backend = backend
        self._devices = devices

    def share(self, data: bytes) -> bytes:
        return self._backend.encode()

    def total(self, number: int) -> int:
        return number + self._devices


def test_one_device_is_keras_as_it_is() -> None:
    engine = engine_for(tiny_recipe(), Alone())
    assert isinstance(engine, OneDevice)
    assert engine.says == ""
    choice = Choice("mixed_float16", jit=True, why="w")
    assert engine.restrict(choice) is choice
    assert engine.optimizer(keras.optimizers.SGD, clipped=True) is keras.optimizers.SGD


def test_tensorflow_mirrors_over_what_is_there() -> None:
    engine = engine_for(tiny_recipe(DISTRIBUTED), Alone())
    assert isinstance(engine, Mirrored)
    assert engine.shards.count == engine.shards.own == len(keras.distribution.list_devices())
    assert engine.says == f"{engine.shards.count} devices, tf.distribute"


def test_xla_is_refused_when_ordered_and_left_out_when_chosen() -> None:
    with pytest.raises(CannotDistribute, match="XLA"):
        engine_for(tiny_recipe(DISTRIBUTED, "precision.jit=on"), Alone())
    chosen = engine_for(tiny_recipe(DISTRIBUTED), Alone()).restrict(Choice("mixed_bfloat16", jit=True, why="a GPU"))
    assert chosen == Choice("mixed_bfloat16", jit=False, why="a GPU")


def test_float16_becomes_float32_and_is_said() -> None:
    chosen = engine_for(tiny_recipe(DISTRIBUTED), Alone()).restrict(Choice("mixed_float16", jit=False, why="a GPU"))
    assert chosen.compute == "float32"
    assert "float16 cannot be distributed" in chosen.why


def test_statistics_are_of_all_devices_where_they_are_learnt() -> None:
    inputs = keras.Input((4, 4, 3))
    learns, frozen = keras.layers.BatchNormalization(), keras.layers.BatchNormalization(trainable=False)
    network = keras.Model(inputs, frozen(learns(inputs)))
    engine_for(tiny_recipe(DISTRIBUTED), Alone()).prepare(network)
    assert learns.synchronized
    assert not frozen.synchronized


def test_a_backend_without_an_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(CannotDistribute, match="under torch: it was tried and works under TensorFlow and JAX"):
        engine_for(tiny_recipe(DISTRIBUTED), Alone())
    assert isinstance(engine_for(tiny_recipe(), Alone()), OneDevice)


def test_two_frameworks_do_not_meet() -> None:
    with pytest.raises(TeamMismatch, match="worker 1 runs Keras on tensorflow, worker 0 on jax"):
        engine_for(tiny_recipe(DISTRIBUTED), Second("jax", 1))


def test_different_numbers_of_devices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    class TwoWorkers:
        num_replicas_in_sync = 2

    monkeypatch.setattr("fv_train.distribute.mirrored._strategy", lambda team: TwoWorkers())
    assert engine_for(tiny_recipe(DISTRIBUTED), Second("tensorflow", 1)).shards.first == 1
    with pytest.raises(TeamMismatch, match="trains on 1 devices, another on a different number"):
        engine_for(tiny_recipe(DISTRIBUTED), Second("tensorflow", 3))
    assert tf.distribute.get_strategy().num_replicas_in_sync == 1
