from __future__ import annotations

import numpy as np
import pytest

from fv_export import execute
from fv_export.graph import Conv, Mean
from fv_export.moments import Linear, Moments, columns_of, kernel_of, observe_moments, rows_of
from tests.export.small_graphs import SIDE, conv, dense, depthwise, graph, pictures, pixels

ONE = ((1, 1), (1, 1))
NODES = [conv("c", "pixels", padding=ONE, stride=2), depthwise("d", "pixels", padding=ONE), conv("e", "pixels", size=1)]


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_rows_times_columns_is_what_the_node_computes(node: Linear) -> None:
    """Every position of an 8 x 8 map is taken for a Conv, so the two have the same values in another order."""
    g = graph(pixels(), node)
    values = execute.run(g, pictures(), ("pixels", node.output))
    rows = rows_of(node, values["pixels"], np.random.default_rng(0))
    made = (rows.astype(np.float64) @ columns_of(node)).transpose(1, 0, 2).reshape(rows.shape[1], -1) + node.bias
    every = values[node.output].reshape(-1, made.shape[1])
    if isinstance(node, Conv):
        assert len(made) == len(every)
        every = np.sort(every, axis=0)
        np.testing.assert_allclose(np.sort(made, axis=0), every, atol=1e-4)
    else:
        distance = np.abs(made[:, None] - every[None]).max(axis=2).min(axis=1)
        assert distance.max() < 1e-4


@pytest.mark.parametrize("node", [*NODES, dense("f", "pixels", (5, 7))], ids=lambda node: node.name)
def test_columns_become_the_kernel_again(node: Linear) -> None:
    np.testing.assert_array_equal(kernel_of(node, columns_of(node)), node.kernel)


def test_moments_are_those_of_numpy_however_far_from_zero() -> None:
    rows = np.random.default_rng(1).normal(size=(2, 300, 4)).astype(np.float32) + np.float32(1000)
    moments = Moments(2, 4)
    for start in range(0, 300, 70):
        moments.add(rows[:, start : start + 70])
    exact = rows.astype(np.float64)
    np.testing.assert_allclose(moments.mean, exact.mean(axis=1), rtol=1e-7)
    for group in range(2):
        np.testing.assert_allclose(moments.covariance[group], np.cov(exact[group].T, bias=True), atol=1e-4)


def test_every_kernel_is_observed_and_the_same_pictures_give_the_same() -> None:
    g = graph(
        pixels(),
        conv("a", "pixels"),
        depthwise("b", "a", 4),
        Mean(name="m", inputs=("b",), output="m", keep_dims=False),
        dense("f", "m", (8, 3)),
    )
    batch = pictures(9)
    once = observe_moments(g, lambda: iter([batch]))
    again = observe_moments(g, lambda: iter([batch]))
    assert set(once) == {"a", "b", "f"}
    assert once["a"].rows == 9 * (SIDE - 2) ** 2
    assert once["f"].rows == 9
    assert once["b"].covariance.shape == (4, 9, 9)
    for name, moments in once.items():
        np.testing.assert_array_equal(moments.covariance, again[name].covariance)
