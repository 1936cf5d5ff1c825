from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fv_export import execute
from fv_export.graph import Conv, Function, Graph, Mean
from fv_export.moments import LINEAR, observe_moments
from fv_export.quantize import annotate, dequantized, weight_quantization
from fv_export.rounding import compensated, rounded
from fv_export.simulate import with_integer_weights
from tests.export.small_graphs import activation, conv, dense, depthwise, graph, pictures, pixels


def correlated(columns: int, rows: int = 4000) -> np.ndarray:
    """Covariance (1, columns, columns) of neighbours that are alike, as in a feature map."""
    x = np.cumsum(np.random.default_rng(0).normal(size=(rows, columns)), axis=1)
    return np.cov(x.T, bias=True)[None]


def kernel(columns: int = 24, outputs: int = 8) -> tuple[np.ndarray, np.ndarray]:
    weights = np.random.default_rng(1).normal(size=(1, columns, outputs))
    return weights, np.abs(weights).max(axis=1, keepdims=True) / 127 * 16  # coarse steps: a clear effect


def energy(error: np.ndarray, covariance: np.ndarray) -> float:
    return float(np.einsum("gko,gkl,glo->", error, covariance, error))


def test_errors_cancel_where_columns_are_alike() -> None:
    weights, scale = kernel()
    covariance = correlated(24)
    nearest = np.rint(weights / scale) * scale
    better = compensated(weights, scale, covariance) * scale
    # Rounding to nearest leaves more than three times as much (broken on purpose, without the step, it leaves as much).
    assert energy(better - weights, covariance) < 0.3 * energy(nearest - weights, covariance)


def test_columns_without_correlation_are_rounded_to_nearest() -> None:
    weights, scale = kernel()
    np.testing.assert_array_equal(compensated(weights, scale, np.eye(24)[None]), np.rint(weights / scale))


def test_the_largest_weight_of_a_channel_keeps_its_value() -> None:
    weights, coarse = kernel()
    integers = compensated(weights, coarse / 16, correlated(24))
    largest = np.abs(weights).argmax(axis=1)[0]
    assert (np.abs(integers[0, largest, range(8)]) == 127).all()
    assert np.abs(integers).max() == 127


def test_weights_on_the_grid_stay_and_dead_channels_too() -> None:
    integers = np.random.default_rng(2).integers(-127, 128, (2, 9, 3)).astype(float)
    integers[:, 0] = 127
    integers[1, :, 2] = 0
    scale = np.array([0.1, 2.0, 0.0]).reshape(1, 1, 3) * np.ones((2, 1, 1))
    scale[0, 0, 2] = 1e-9
    covariance = np.concatenate([correlated(9), np.zeros((1, 9, 9))])
    np.testing.assert_array_equal(compensated(integers * scale, scale, covariance)[:, :, :2], integers[:, :, :2])
    assert not compensated(integers * scale, scale, covariance)[1, :, 2].any()


def network() -> Graph:
    return graph(
        pixels(),
        conv("a", "pixels", (3, 16), scale=0.3),
        activation("swish", "a", Function.HARD_SWISH),
        depthwise("b", "swish", 16),
        conv("c", "b", (32, 24), size=1),
        Mean(name="mean", inputs=("c",), output="mean", keep_dims=False),
        dense("logits", "mean", (24, 5)),
    )


def test_a_network_with_rounded_weights_is_nearer_to_itself() -> None:
    g, batch, other = network(), pictures(30, seed=3), pictures(30, seed=4)
    better = rounded(g, observe_moments(g, lambda: iter([batch])))
    exact = execute.run(g, other)[g.output]

    def error(of: Graph) -> float:
        quantized = with_integer_weights(of, annotate(of, {}, "dynamic"))
        return float(((execute.run(quantized, other)[g.output] - exact) ** 2).mean())

    assert 0 < error(better) < 0.5 * error(g)


def test_quantize_finds_the_grid_again() -> None:
    g = network()
    batch = pictures(20)
    for node in rounded(g, observe_moments(g, lambda: iter([batch]))).nodes:
        if isinstance(node, LINEAR):
            integers, scale = weight_quantization(node)
            assert np.abs(integers).max() == 127
            kept = dequantized(node, annotate(g, {}, "dynamic").weights[node.name], 1.0)
            assert kept.kernel.shape == node.kernel.shape
            by_channel = scale.scale.reshape(node.kernel.shape[2:]) if node.name == "b" else scale.scale
            np.testing.assert_allclose(integers * by_channel, node.kernel, rtol=1e-6, atol=1e-9)


def test_means_are_kept() -> None:
    # Every position of a 6 x 6 map is observed, so the mean is exact up to float32.
    g, batch = graph(pixels(), conv("a", "pixels", (3, 16), scale=0.3)), pictures(10)
    better = rounded(g, observe_moments(g, lambda: iter([batch])))
    before, after = (execute.run(of, batch)["a"].mean(axis=(0, 1, 2)) for of in (g, better))
    np.testing.assert_allclose(after, before, atol=1e-4)


@pytest.mark.parametrize("factor", [0.0, 1e-30])
def test_a_vanishing_kernel_is_no_trouble(factor: float) -> None:
    node = conv("a", "pixels")
    g = graph(pixels(), replace(node, kernel=node.kernel * np.float32(factor)))
    better = rounded(g, observe_moments(g, lambda: iter([pictures()])))
    a = better.producer("a")
    assert isinstance(a, Conv)
    assert np.isfinite(a.kernel).all()
    np.testing.assert_allclose(a.bias, node.bias)
