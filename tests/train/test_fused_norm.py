"""The fused kernel is Keras's BatchNormalization: same outputs, gradients and averages, and nothing else is touched."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from fv_train.backbones import batch_norms, build
from fv_train.fused_norm import FusedBatchNormalization, with_fused_norms
from tests.train._pictures import narrow_recipe

# Sums of some hundred float32 in another order; values are of the order of one.
ROUNDING = 2e-5
# Eight significant bits, and outputs up to about four.
BFLOAT16_ROUNDING = 0.03
SHAPE = (5, 6, 7, 8)


def pair(layer: keras.layers.Layer, shape: tuple[int, ...] = SHAPE) -> tuple[keras.Model, keras.Model]:
    """The layer alone as a model, and its fused copy; scale and shift are not trivial."""
    inputs = keras.Input(shape[1:])
    model = keras.Model(inputs, layer(inputs))
    random = np.random.default_rng(1)
    model.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in model.get_weights()])
    return model, with_fused_norms(model)


def values(shape: tuple[int, ...] = SHAPE) -> Any:
    return tf.constant(np.random.default_rng(0).normal(0.3, 1.2, shape), tf.float32)


def answers(model: keras.Model, x: Any, training: bool = True) -> list[np.ndarray]:
    """Outputs, gradients of a weighted sum with respect to the input and what learns, and the averages after it."""
    weights = tf.cast(tf.reshape(tf.range(float(tf.size(x))), tf.shape(x)), tf.float32) / float(tf.size(x))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(model(x, training=training), tf.float32)
        loss = tf.reduce_sum(y * weights)
    learnt = [variable.value for variable in model.trainable_variables]
    gradients = tape.gradient(loss, [x, *learnt])
    return [np.asarray(value, np.float32) for value in (y, *gradients, *model.get_weights())]


@pytest.mark.parametrize("settings", [{}, {"scale": False}, {"center": False}, {"epsilon": 1e-2, "momentum": 0.7}])
def test_outputs_gradients_and_averages_are_those_of_keras(settings: dict[str, Any]) -> None:
    plain, fused = pair(keras.layers.BatchNormalization(**settings))
    assert isinstance(fused.layers[1], FusedBatchNormalization)
    for wanted, found in zip(answers(plain, values()), answers(fused, values()), strict=True):
        np.testing.assert_allclose(found, wanted, atol=ROUNDING)


def test_a_batch_of_one_value_a_channel_does_not_divide_by_zero() -> None:
    plain, fused = pair(keras.layers.BatchNormalization(), (1, 1, 1, 8))
    for wanted, found in zip(answers(plain, values((1, 1, 1, 8))), answers(fused, values((1, 1, 1, 8))), strict=True):
        np.testing.assert_allclose(found, wanted, atol=ROUNDING)


def test_bfloat16_sums_in_float32() -> None:
    plain, fused = pair(keras.layers.BatchNormalization(dtype="mixed_bfloat16"))
    (wanted, *_), (found, *_) = answers(plain, values()), answers(fused, values())
    np.testing.assert_allclose(found, wanted, atol=BFLOAT16_ROUNDING)
    for before, after in zip(plain.get_weights(), fused.get_weights(), strict=True):
        np.testing.assert_allclose(after, before, atol=BFLOAT16_ROUNDING / 10)  # momentum 0.99
    assert fused(values(), training=True).dtype == tf.bfloat16


@pytest.mark.parametrize("frozen", [True, False])
def test_without_batch_statistics_it_is_keras_to_the_bit(frozen: bool) -> None:
    plain, fused = pair(keras.layers.BatchNormalization())
    for model in (plain, fused):
        model.layers[1].trainable = not frozen
    for wanted, found in zip(answers(plain, values(), frozen), answers(fused, values(), frozen), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("settings", "shape"),
    [({"axis": 1}, SHAPE), ({"renorm": True}, SHAPE), ({"synchronized": True}, SHAPE), ({}, (5, 8))],
)
def test_what_the_kernel_does_not_do_stays_with_keras(settings: dict[str, Any], shape: tuple[int, ...]) -> None:
    _, fused = pair(keras.layers.BatchNormalization(**settings), shape)
    assert type(fused.layers[1]) is keras.layers.BatchNormalization


def test_a_network_keeps_its_weights_names_and_order() -> None:
    keras.utils.set_random_seed(0)
    plain = build(narrow_recipe("model.batch_norm_momentum=0.9"), 4)
    keras.utils.set_random_seed(0)
    fused = build(narrow_recipe("model.batch_norm_momentum=0.9"), 4, fused=True)
    assert [v.path for v in fused.backbone.variables] == [v.path for v in plain.backbone.variables]
    assert [v.shape for v in fused.logits.variables] == [v.shape for v in plain.logits.variables]
    for wanted, found in zip(plain.backbone.get_weights(), fused.backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert {type(layer) for layer in batch_norms(fused.backbone)} == {FusedBatchNormalization}
    assert {type(layer) for layer in batch_norms(plain.backbone)} == {keras.layers.BatchNormalization}
    assert {layer.momentum for layer in batch_norms(fused.backbone)} == {0.9}
