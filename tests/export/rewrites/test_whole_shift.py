from __future__ import annotations

import numpy as np
import pytest

from fv_export.graph import Affine, Conv, Graph
from fv_export.rewriting import rewrite
from tests.export.small_graphs import IMAGE, ONE_PIXEL, add, affine, answers, conv, graph, pictures, rewritten

NAME = "whole_shift"


def shifted(*shift: float) -> Graph:
    return graph(affine("shift", IMAGE, [1.0] * 3, list(shift)), conv("a", "shift", padding=ONE_PIXEL))


def test_the_shift_is_whole_and_only_the_border_differs_a_little() -> None:
    before = shifted(-127.5, -127.5, -127.5)
    after = rewrite(before, [NAME], None).graph
    shift, node = after.nodes
    assert isinstance(shift, Affine)
    assert isinstance(node, Conv)
    assert np.all(shift.shift == -128.0)
    one, other = answers(before, pictures()), answers(after, pictures())
    largest = float(np.abs(one).max())
    np.testing.assert_allclose(other[:, 1:-1, 1:-1], one[:, 1:-1, 1:-1], rtol=0, atol=1e-5 * largest)
    assert 0 < np.abs(other - one).max() < 0.02 * largest


def test_a_whole_shift_is_left_alone() -> None:
    g = shifted(-128.0, -128.0, -128.0)
    assert rewritten(g, NAME).graph is g


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_a_scale_is_left_alone(scale: float) -> None:
    g = graph(affine("shift", IMAGE, [scale] * 3, [-0.5] * 3), conv("a", "shift", padding=ONE_PIXEL))
    assert rewritten(g, NAME).graph is g


def test_a_shift_by_channel_is_left_alone() -> None:
    result = rewritten(shifted(-123.7, -116.3, -103.5), NAME)
    assert "differs between channels" in result.refused[0].why


def test_a_shift_that_others_read_too_is_left_alone() -> None:
    shift = affine("shift", IMAGE, [1.0] * 3, [-0.5] * 3)
    g = graph(shift, conv("a", "shift", (3, 3), padding=ONE_PIXEL), add("sum", "a", "shift"))
    result = rewritten(g, NAME)
    assert result.graph is g
    assert result.refused[0].why == "shift is read by other nodes too"
