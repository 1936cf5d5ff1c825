"""Kinds of node against their definition in NumPy; those that Keras models exercise are in test_from_keras."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fv_export.graph import Add, Clip, Fused, Mul, Pool, PoolKind
from fv_export.operations import run_node
from tests.export.small_graphs import ONE_PIXEL, affine


def values(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(7).normal(scale=5, size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("fused", "low", "high"), [(Fused.NONE, -math.inf, math.inf), (Fused.RELU, 0, math.inf), (Fused.RELU6, 0, 6)]
)
def test_a_fused_activation_clips(fused: Fused, low: float, high: float) -> None:
    x, y = values(2, 3, 3, 2), values(2, 1, 1, 2)
    add = Add(name="n", inputs=("x", "y"), output="n", fused=fused)
    mul = Mul(name="n", inputs=("x", "y"), output="n", fused=fused)
    scaled = affine("n", "x", [2.0, 3.0], [1.0, -1.0], fused)
    np.testing.assert_allclose(run_node(add, [x, y]), np.clip(x + y, low, high))
    np.testing.assert_allclose(run_node(mul, [x, y]), np.clip(x * y, low, high))
    expected = np.clip(x * np.float32([2, 3]) + np.float32([1, -1]), low, high)
    np.testing.assert_allclose(run_node(scaled, [x]), expected, rtol=1e-6)


def test_a_padded_average_divides_by_the_real_pixels() -> None:
    pool = Pool(
        name="n", inputs=("x",), output="n", kind=PoolKind.AVERAGE, window=(3, 3), strides=(2, 2), padding=ONE_PIXEL
    )
    x = values(1, 5, 5, 1)
    result = np.asarray(run_node(pool, [x]))
    assert result.shape == (1, 3, 3, 1)
    np.testing.assert_allclose(result[0, 0, 0, 0], x[0, :2, :2, 0].mean(), rtol=1e-5)
    np.testing.assert_allclose(result[0, 1, 1, 0], x[0, 1:4, 1:4, 0].mean(), rtol=1e-5)


def test_a_padded_maximum_never_takes_the_padding() -> None:
    pool = Pool(
        name="n", inputs=("x",), output="n", kind=PoolKind.MAX, window=(3, 3), strides=(1, 1), padding=ONE_PIXEL
    )
    assert np.asarray(run_node(pool, [np.full((1, 4, 4, 1), -2.0, np.float32)])).max() == -2.0


def test_a_clip_may_be_open_at_one_end() -> None:
    clip = Clip(name="n", inputs=("x",), output="n", low=-math.inf, high=0.5)
    x = values(1, 4)
    np.testing.assert_array_equal(run_node(clip, [x]), np.minimum(x, 0.5))
