from __future__ import annotations

from fv_export.graph import Mean, Reshape
from tests.export.small_graphs import IMAGE, conv, graph, kinds, rewritten

MEAN = Mean(name="mean", inputs=(IMAGE,), output="mean", keep_dims=False)


def test_a_mean_that_is_made_a_map_keeps_its_axes() -> None:
    reshape = Reshape(name="map", inputs=("mean",), output="map", shape=(1, 1, 1, 3))
    result = rewritten(graph(MEAN, reshape, conv("a", "map", size=1)), "keep_pooled_axes")
    assert kinds(result.graph) == ["Mean", "Conv"]


def test_another_shape_is_left_alone() -> None:
    g = graph(MEAN, Reshape(name="map", inputs=("mean",), output="map", shape=(1, 3, 1, 1)))
    result = rewritten(g, "keep_pooled_axes")
    assert result.graph is g
    assert "is not a 1x1 map" in result.refused[0].why


def test_a_mean_that_keeps_its_axes_already_is_left_alone() -> None:
    kept = Mean(name="mean", inputs=(IMAGE,), output="mean", keep_dims=True)
    g = graph(kept, Reshape(name="flat", inputs=("mean",), output="flat", shape=(1, 3)))
    assert rewritten(g, "keep_pooled_axes").graph is g
