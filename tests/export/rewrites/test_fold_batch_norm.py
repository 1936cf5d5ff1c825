from __future__ import annotations

from fv_export.graph import Conv, Dense, Function, Fused, Mean
from tests.export.small_graphs import IMAGE, activation, add, affine, conv, dense, depthwise, graph, kinds, rewritten

NORM = affine("norm", "a", [0.5, -1.0, 2.0, 0.1], [1.0, 0.0, -1.0, 3.0])


def test_it_goes_into_a_convolution() -> None:
    result = rewritten(graph(conv("a", IMAGE), NORM), "fold_batch_norm")
    assert kinds(result.graph) == ["Conv"]
    assert result.graph.output == "norm"


def test_it_goes_into_a_depthwise_convolution_with_two_outputs_a_channel() -> None:
    norm = affine("norm", "a", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.5] * 6)
    assert kinds(rewritten(graph(depthwise("a", IMAGE), norm), "fold_batch_norm").graph) == ["DepthwiseConv"]


def test_it_goes_into_a_matrix_product() -> None:
    g = graph(Mean(name="mean", inputs=(IMAGE,), output="mean", keep_dims=False), dense("a", "mean", (3, 4)), NORM)
    (_, node) = rewritten(g, "fold_batch_norm").graph.nodes
    assert isinstance(node, Dense)


def test_what_it_fuses_the_convolution_fuses() -> None:
    clipped = affine("norm", "a", [0.5] * 4, [1.0] * 4, Fused.RELU6)
    (node,) = rewritten(graph(conv("a", IMAGE), clipped), "fold_batch_norm").graph.nodes
    assert isinstance(node, Conv)
    assert node.fused is Fused.RELU6


def test_a_convolution_that_others_read_too_is_left_alone() -> None:
    g = graph(conv("a", IMAGE), NORM, add("sum", "a", "norm"))
    result = rewritten(g, "fold_batch_norm")
    assert result.graph is g
    assert [refused.why for refused in result.refused] == ["a is read by other nodes too"]


def test_a_convolution_that_clips_is_left_alone() -> None:
    result = rewritten(graph(conv("a", IMAGE, fused=Fused.RELU), NORM), "fold_batch_norm")
    assert [refused.why for refused in result.refused] == ["a applies relu before it"]


def test_nothing_happens_where_an_activation_stands_between() -> None:
    g = graph(conv("a", IMAGE), activation("relu", "a", Function.RELU), affine("norm", "relu", [2.0] * 4, [1.0] * 4))
    assert rewritten(g, "fold_batch_norm").graph is g
