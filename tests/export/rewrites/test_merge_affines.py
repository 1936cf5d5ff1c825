from __future__ import annotations

from fv_export.graph import Fused
from tests.export.small_graphs import IMAGE, add, affine, graph, kinds, rewritten

FIRST = affine("a", IMAGE, [0.5, 2.0, -1.0], [1.0, 0.0, 3.0])
SECOND = affine("b", "a", [2.0, 3.0, 4.0], [0.0, -1.0, 0.5])


def test_two_become_one_and_three_too() -> None:
    assert kinds(rewritten(graph(FIRST, SECOND), "merge_affines").graph) == ["Affine"]
    third = affine("c", "b", [1.0, 2.0, 0.0], [1.0] * 3)
    assert kinds(rewritten(graph(FIRST, SECOND, third), "merge_affines").graph) == ["Affine"]


def test_what_the_second_fuses_stays_fused() -> None:
    second = affine("b", "a", [2.0] * 3, [-200.0] * 3, Fused.RELU)
    (node,) = rewritten(graph(FIRST, second), "merge_affines").graph.nodes
    assert getattr(node, "fused", None) is Fused.RELU


def test_an_affine_that_clips_is_not_merged_into_the_next() -> None:
    g = graph(affine("a", IMAGE, [0.1] * 3, [-3.0] * 3, Fused.RELU6), SECOND)
    result = rewritten(g, "merge_affines")
    assert result.graph is g
    assert result.refused[0].why == "a applies relu6 before it"


def test_an_affine_that_others_read_too_is_left_alone() -> None:
    g = graph(FIRST, SECOND, add("sum", "a", "b"))
    result = rewritten(g, "merge_affines")
    assert result.graph is g
    assert result.refused[0].why == "a is read by other nodes too"
