from __future__ import annotations

import math

import pytest

from fv_export.graph import Clip, Function, Fused, Node
from tests.export.small_graphs import (
    IMAGE,
    activation,
    add,
    affine,
    conv,
    depthwise,
    graph,
    kinds,
    mul,
    pixels,
    rewritten,
)

NODES: dict[str, Node] = {
    "Conv": conv("a", "pixels"),
    "DepthwiseConv": depthwise("a", "pixels"),
    "Add": add("a", "pixels", "pixels"),
    "Mul": mul("a", "pixels", "pixels"),
    "Affine": affine("a", "pixels", [2.0] * 3, [1.0] * 3),
}


@pytest.mark.parametrize("kind", NODES)
@pytest.mark.parametrize(("function", "fused"), [(Function.RELU, Fused.RELU), (Function.RELU6, Fused.RELU6)])
def test_it_goes_into_the_node_before(kind: str, function: Function, fused: Fused) -> None:
    result = rewritten(graph(pixels(), NODES[kind], activation("act", "a", function)), "fuse_activation")
    assert kinds(result.graph) == ["Affine", kind]
    assert getattr(result.graph.nodes[1], "fused", None) is fused


@pytest.mark.parametrize(("high", "fused"), [(6.0, Fused.RELU6), (math.inf, Fused.RELU)])
def test_a_clip_that_is_a_relu_is_fused_too(high: float, fused: Fused) -> None:
    clip = Clip(name="clip", inputs=("a",), output="clip", low=0.0, high=high)
    result = rewritten(graph(pixels(), conv("a", "pixels"), clip), "fuse_activation")
    assert getattr(result.graph.nodes[-1], "fused", None) is fused


@pytest.mark.parametrize(("low", "high"), [(0.0, 5.0), (-1.0, 6.0)])
def test_another_clip_stays(low: float, high: float) -> None:
    g = graph(pixels(), conv("a", "pixels"), Clip(name="clip", inputs=("a",), output="clip", low=low, high=high))
    assert rewritten(g, "fuse_activation").graph is g


def test_a_node_that_others_read_unclipped_is_left_alone() -> None:
    g = graph(pixels(), conv("a", "pixels"), activation("relu", "a", Function.RELU), add("sum", "a", "relu"))
    result = rewritten(g, "fuse_activation")
    assert result.graph is g
    assert result.refused[0].why == "a is read by other nodes too"


def test_a_node_that_clips_already_is_left_alone() -> None:
    g = graph(pixels(), conv("a", "pixels", fused=Fused.RELU), activation("relu6", "a", Function.RELU6))
    result = rewritten(g, "fuse_activation")
    assert result.graph is g
    assert result.refused[0].why == "a applies relu already"


def test_other_functions_and_the_input_are_left_alone() -> None:
    g = graph(activation("first", IMAGE, Function.RELU), activation("tanh", "first", Function.TANH))
    assert rewritten(g, "fuse_activation").graph is g
