from __future__ import annotations

import numpy as np

from fv_export.graph import Affine, Function, Fused, Mean
from tests.export.small_graphs import activation, conv, dense, graph, kinds, pixels, rewritten

NAME = "saturating_hard_swish"
SWISH = activation("swish", "pixels", Function.HARD_SWISH)


def test_it_becomes_a_clipped_sum_a_product_and_a_factor() -> None:
    result = rewritten(graph(pixels(), SWISH, conv("next", "swish")), NAME)
    _, h, p, factor, _ = result.graph.nodes
    assert isinstance(h, Affine)
    assert h.fused is Fused.RELU6
    assert p.inputs == ("pixels", h.output)
    assert isinstance(factor, Affine)
    np.testing.assert_allclose(factor.scale, 1 / 6)


def test_the_factor_ends_in_the_next_kernel() -> None:
    names = (NAME, "move_scale_forward", "fold_affine_forward")
    result = rewritten(graph(pixels(), SWISH, conv("next", "swish")), *names)
    assert kinds(result.graph) == ["Affine", "Affine", "Mul", "Conv"]


def test_a_swish_at_the_end_stays() -> None:
    g = graph(pixels(), SWISH)
    result = rewritten(g, NAME)
    assert result.graph is g
    assert result.refused[0].why == "the factor 1/6 has nowhere to go: swish is the output"


def test_a_swish_before_another_function_stays() -> None:
    mean = Mean(name="mean", inputs=("tanh",), output="mean", keep_dims=False)
    g = graph(pixels(), SWISH, activation("tanh", "swish", Function.TANH), mean, dense("d", "mean", (3, 2)))
    result = rewritten(g, NAME)
    assert result.graph is g
    assert "Activation tanh stands between" in result.refused[0].why


def test_other_functions_are_left_alone() -> None:
    g = graph(pixels(), activation("swish", "pixels", Function.SILU), conv("next", "swish"))
    assert rewritten(g, NAME).graph is g
