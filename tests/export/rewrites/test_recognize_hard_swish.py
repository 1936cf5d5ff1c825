from __future__ import annotations

import pytest

from fv_export.graph import Function
from tests.export.small_graphs import IMAGE, activation, add, graph, kinds, mul, pixels, rewritten

GATE = activation("gate", "pixels", Function.HARD_SIGMOID)


@pytest.mark.parametrize("operands", [("pixels", "gate"), ("gate", "pixels")])
def test_a_tensor_gated_by_itself_is_a_hard_swish(operands: tuple[str, str]) -> None:
    result = rewritten(graph(pixels(), GATE, mul("product", *operands)), "recognize_hard_swish")
    assert kinds(result.graph) == ["Affine", "hard_swish"]


def test_a_tensor_gated_by_another_is_not() -> None:
    g = graph(pixels(), GATE, mul("product", IMAGE, "gate"))
    assert rewritten(g, "recognize_hard_swish").graph is g


def test_a_smooth_gate_is_not() -> None:
    g = graph(pixels(), activation("gate", "pixels", Function.SIGMOID), mul("product", "pixels", "gate"))
    assert rewritten(g, "recognize_hard_swish").graph is g


def test_a_gate_that_others_read_too_is_left_alone() -> None:
    g = graph(pixels(), GATE, mul("product", "pixels", "gate"), add("sum", "product", "gate"))
    result = rewritten(g, "recognize_hard_swish")
    assert result.graph is g
    assert result.refused[0].why == "gate is read by other nodes too"
