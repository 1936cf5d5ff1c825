from __future__ import annotations

from fv_export.graph import Function
from tests.export.small_graphs import activation, graph, kinds, pixels, rewritten


def test_silu_becomes_sigmoid_and_product() -> None:
    result = rewritten(graph(pixels(), activation("swish", "pixels", Function.SILU)), "expand_silu")
    assert kinds(result.graph) == ["Affine", "sigmoid", "Mul"]
    assert result.graph.output == "swish"


def test_two_of_them_get_names_of_their_own() -> None:
    g = graph(
        pixels("swish_gate"),
        activation("swish", "swish_gate", Function.SILU),
        activation("swish_2", "swish", Function.SILU),
    )
    assert kinds(rewritten(g, "expand_silu").graph).count("sigmoid") == 2


def test_other_functions_are_left_alone() -> None:
    g = graph(pixels(), activation("swish", "pixels", Function.HARD_SWISH))
    assert rewritten(g, "expand_silu").graph is g
