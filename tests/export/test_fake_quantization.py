from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from fv_export import fake_quantization
from fv_export.graph import DepthwiseConv
from fv_export.quantize import asymmetric, weight_quantization
from tests.export.small_graphs import conv

LOW, HIGH = -1.5, 3.0


def values() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Inside and beyond both ends of LOW...HIGH."""
    return np.random.default_rng(1).normal(0.5, 2.0, 500).astype(np.float32)


def test_a_value_is_stored_as_the_annotation_stores_it() -> None:
    q = asymmetric(LOW, HIGH)
    scale, zero_point = fake_quantization.grid(tf.constant(LOW), tf.constant(HIGH))
    assert float(scale) == pytest.approx(float(q.scale[0]), rel=1e-6)
    assert int(zero_point) == int(q.zero_point[0])
    got = fake_quantization.stored(tf.constant(values()), scale, zero_point).numpy()
    integers = np.clip(np.rint(values() / q.scale[0]) + q.zero_point[0], -128, 127)
    np.testing.assert_allclose(got, (integers - q.zero_point[0]) * q.scale[0], atol=1e-5)


@pytest.mark.parametrize("high", np.linspace(0.3, 90, 60))
def test_the_grid_is_the_annotation_s(high: float) -> None:
    q = asymmetric(-3.0, float(high))
    _, zero_point = fake_quantization.grid(tf.constant(-3.0), tf.constant(float(high)))
    assert int(zero_point) == int(q.zero_point[0])


def test_gradients_are_those_of_the_definition() -> None:
    x = tf.constant(values())
    scale, zero_point = tf.constant((HIGH - LOW) / 255), tf.constant(-43.0)
    with tf.GradientTape() as tape:
        tape.watch([x, scale, zero_point])
        y = fake_quantization.stored(x, scale, zero_point)
        loss = tf.reduce_sum(y**2)
    by_x, by_scale, by_zero = (gradient.numpy() for gradient in tape.gradient(loss, [x, scale, zero_point]))
    g, s = 2 * y.numpy(), float(scale)
    low, high = (-128 + 43) * s, (127 + 43) * s
    inside = (values() >= low) & (values() <= high)
    np.testing.assert_allclose(by_x, np.where(inside, g, 0), rtol=1e-5)
    steps = np.where(inside, (y.numpy() - values()) / s, y.numpy() / s)
    # Sums of 500 float32 terms of both signs.
    assert by_scale == pytest.approx((g * steps).sum(), rel=1e-3)
    assert by_zero == pytest.approx(-s * g[~inside].sum(), rel=1e-4)


def test_a_range_that_cuts_too_much_is_pulled_wider() -> None:
    low, high = tf.Variable(-0.5), tf.Variable(0.5)
    with tf.GradientTape() as tape:
        y = fake_quantization.stored(tf.constant(values()), *fake_quantization.grid(low, high))
        error = tf.reduce_mean((y - values()) ** 2)
    by_low, by_high = tape.gradient(error, [low, high])
    assert float(by_low) > 0 > float(by_high)


def test_an_end_at_zero_keeps_its_zero_point() -> None:
    scale, zero_point = fake_quantization.grid(tf.constant(0.0), tf.constant(6.0))
    assert float(scale) == pytest.approx(6 / 255)
    assert int(zero_point) == -128


def test_kernels_are_rounded_as_the_annotation_rounds_them() -> None:
    random = np.random.default_rng(2)
    depthwise = DepthwiseConv(
        name="d",
        inputs=("x",),
        output="d",
        kernel=random.normal(size=(3, 3, 4, 2)).astype(np.float32),
        bias=np.zeros(8, np.float32),
        strides=(1, 1),
    )
    for node in (conv("c", "x", scale=0.3), depthwise):
        integers, scale = weight_quantization(node)
        by_channel = scale.scale.reshape(node.kernel.shape[2:]) if node is depthwise else scale.scale
        rounded = fake_quantization.rounded_kernel(node, tf.constant(node.kernel)).numpy()
        np.testing.assert_allclose(rounded, integers * by_channel, atol=1e-6)


def test_a_kernel_of_zeros_stays_zeros() -> None:
    zeros = tf.zeros((1, 1, 3, 2))
    assert np.all(fake_quantization.rounded_kernel(conv("c", "x"), zeros).numpy() == 0)
