from __future__ import annotations

import numpy as np

from fv_export.graph import Affine, Conv, Mean
from tests.export.small_graphs import (
    IMAGE,
    ONE_PIXEL,
    add,
    affine,
    conv,
    dense,
    depthwise,
    graph,
    kinds,
    rewritten,
)

SCALE, SHIFT = [0.01, 0.02, -0.03], [-1.0, 0.5, 2.0]
NORM = affine("norm", IMAGE, SCALE, SHIFT)
NAME = "fold_affine_forward"


def test_scale_and_shift_go_into_a_convolution_without_padding() -> None:
    assert kinds(rewritten(graph(NORM, conv("a", "norm", scale=1.0)), NAME).graph) == ["Conv"]


def test_scale_and_shift_go_into_a_depthwise_convolution_without_padding() -> None:
    assert kinds(rewritten(graph(NORM, depthwise("a", "norm")), NAME).graph) == ["DepthwiseConv"]


def test_scale_and_shift_go_into_a_matrix_product() -> None:
    mean = Mean(name="mean", inputs=(IMAGE,), output="mean", keep_dims=False)
    g = graph(mean, affine("norm", "mean", SCALE, SHIFT), dense("a", "norm", (3, 4)))
    assert kinds(rewritten(g, NAME).graph) == ["Mean", "Dense"]


def test_with_padding_a_pure_shift_stays() -> None:
    result = rewritten(graph(NORM, conv("a", "norm", padding=ONE_PIXEL, scale=1.0)), NAME)
    shift, node = result.graph.nodes
    assert isinstance(shift, Affine)
    assert isinstance(node, Conv)
    assert np.all(shift.scale == 1.0)
    np.testing.assert_allclose(shift.shift, np.array(SHIFT) / np.array(SCALE), rtol=1e-6)
    assert [refused.why for refused in result.refused] == ["a pads with zeros, so the shift is another at the border"]


def test_with_padding_a_pure_scale_goes_in() -> None:
    g = graph(affine("norm", IMAGE, SCALE, [0.0] * 3), conv("a", "norm", padding=ONE_PIXEL, scale=1.0))
    assert kinds(rewritten(g, NAME).graph) == ["Conv"]


def test_a_channel_of_scale_zero_keeps_its_shift_at_the_border() -> None:
    g = graph(affine("norm", IMAGE, [0.01, 0.0, 1.0], SHIFT), conv("a", "norm", padding=ONE_PIXEL))
    result = rewritten(g, NAME)
    assert result.graph is g
    assert "a channel has the scale 0" in result.refused[0].why


def test_a_padded_convolution_is_left_alone_where_others_read_the_affine_too() -> None:
    g = graph(NORM, conv("a", "norm", (3, 3), padding=ONE_PIXEL), add("sum", "a", "norm"))
    result = rewritten(g, NAME)
    assert result.graph is g
    assert "other nodes read norm too" in result.refused[0].why


def test_an_affine_stays_for_those_that_cannot_take_it() -> None:
    g = graph(NORM, conv("a", "norm", (3, 3), size=1), add("sum", "a", "norm"))
    result = rewritten(g, NAME)
    assert kinds(result.graph) == ["Affine", "Conv", "Add"]
    assert result.graph.nodes[1].inputs == (IMAGE,)
