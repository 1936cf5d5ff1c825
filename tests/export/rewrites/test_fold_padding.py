from __future__ import annotations

from fv_export.graph import Conv, Graph, Pad, Pool, PoolKind
from tests.export.small_graphs import IMAGE, ONE_PIXEL, conv, depthwise, graph, kinds, rewritten

PAD = Pad(name="pad", inputs=(IMAGE,), output="pad", padding=((0, 1), (2, 3)))


def pooled() -> Graph:
    return graph(PAD, Pool(name="a", inputs=("pad",), output="a", kind=PoolKind.AVERAGE, window=(2, 2), strides=(2, 2)))


def test_it_adds_to_the_padding_of_a_convolution() -> None:
    (node,) = rewritten(graph(PAD, conv("a", "pad", padding=ONE_PIXEL, stride=2)), "fold_padding").graph.nodes
    assert isinstance(node, Conv)
    assert node.padding == ((1, 2), (3, 4))


def test_it_becomes_the_padding_of_a_depthwise_convolution() -> None:
    assert kinds(rewritten(graph(PAD, depthwise("a", "pad")), "fold_padding").graph) == ["DepthwiseConv"]


def test_it_stays_in_front_of_a_pool() -> None:
    result = rewritten(pooled(), "fold_padding")
    assert kinds(result.graph) == ["Pad", "Pool"]
    assert result.refused[0].why == "Pool a has no zero padding of its own"


def test_nothing_happens_without_padding() -> None:
    g = graph(conv("a", IMAGE))
    assert rewritten(g, "fold_padding").graph is g
