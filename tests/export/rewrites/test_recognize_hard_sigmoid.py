from __future__ import annotations

import pytest

from fv_export.graph import Clip, Function, Graph, Node
from tests.export.small_graphs import activation, add, affine, graph, kinds, pixels, rewritten

RELU6 = activation("clip", "plus", Function.RELU6)


def parts(clip: Node = RELU6, shift: float = 3.0, factor: float = 1 / 6) -> Graph:
    return graph(
        pixels(),
        affine("plus", "pixels", [1.0] * 3, [shift] * 3),
        clip,
        affine("gate", "clip", [factor] * 3, [0.0] * 3),
    )


@pytest.mark.parametrize("clip", [RELU6, Clip(name="clip", inputs=("plus",), output="clip", low=0.0, high=6.0)])
def test_the_parts_become_one_node(clip: Node) -> None:
    result = rewritten(parts(clip), "recognize_hard_sigmoid")
    assert kinds(result.graph) == ["Affine", "hard_sigmoid"]


@pytest.mark.parametrize(("shift", "factor"), [(2.5, 1 / 6), (3.0, 0.2)])
def test_other_numbers_are_another_function(shift: float, factor: float) -> None:
    g = parts(shift=shift, factor=factor)
    assert rewritten(g, "recognize_hard_sigmoid").graph is g


def test_a_plain_relu_is_another_function() -> None:
    g = parts(activation("clip", "plus", Function.RELU))
    assert rewritten(g, "recognize_hard_sigmoid").graph is g


def test_parts_that_others_read_too_are_left_alone() -> None:
    g = parts()
    g = graph(*g.nodes, add("sum", "gate", "clip"))
    result = rewritten(g, "recognize_hard_sigmoid")
    assert result.graph is g
    assert result.refused[0].why == "clip is read by other nodes too"
