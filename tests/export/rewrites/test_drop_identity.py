from __future__ import annotations

import math

import pytest

from fv_export.graph import NO_PADDING, Clip, Concat, Fused, Node, Pad, Reshape
from tests.export.small_graphs import IMAGE, affine, conv, graph, kinds, rewritten

IDENTITIES: list[Node] = [
    affine("same", "a", [1.0] * 4, [0.0] * 4),
    Reshape(name="same", inputs=("a",), output="same", shape=(1, 6, 6, 4)),
    Pad(name="same", inputs=("a",), output="same", padding=NO_PADDING),
    Clip(name="same", inputs=("a",), output="same", low=-math.inf, high=math.inf),
    Concat(name="same", inputs=("a",), output="same"),
]


@pytest.mark.parametrize("node", IDENTITIES, ids=lambda node: type(node).__name__)
def test_it_is_removed_from_the_middle(node: Node) -> None:
    result = rewritten(graph(conv("a", IMAGE), node, conv("b", "same", (4, 2))), "drop_identity")
    assert kinds(result.graph) == ["Conv", "Conv"]


@pytest.mark.parametrize("node", IDENTITIES, ids=lambda node: type(node).__name__)
def test_it_is_removed_from_the_end_and_the_output_keeps_its_name(node: Node) -> None:
    result = rewritten(graph(conv("a", IMAGE), node), "drop_identity")
    assert kinds(result.graph) == ["Conv"]
    assert result.graph.output == "same"


def test_it_is_removed_behind_the_input() -> None:
    result = rewritten(graph(affine("same", IMAGE, [1.0] * 3, [0.0] * 3), conv("a", "same")), "drop_identity")
    assert kinds(result.graph) == ["Conv"]


def test_an_identity_alone_stays() -> None:
    g = graph(affine("same", IMAGE, [1.0] * 3, [0.0] * 3))
    result = rewritten(g, "drop_identity")
    assert result.graph is g
    assert "all there is" in result.refused[0].why


@pytest.mark.parametrize(
    "node",
    [
        affine("other", "a", [1.0] * 4, [0.0, 0.0, 0.0, 1e-3]),
        affine("other", "a", [1.0] * 4, [0.0] * 4, Fused.RELU),
        Reshape(name="other", inputs=("a",), output="other", shape=(1, 144)),
        Clip(name="other", inputs=("a",), output="other", low=0.0, high=math.inf),
        Concat(name="other", inputs=("a", "a"), output="other"),
    ],
    ids=["Affine", "clipping Affine", "Reshape", "Clip", "Concat"],
)
def test_what_changes_something_stays(node: Node) -> None:
    g = graph(conv("a", IMAGE), node)
    assert rewritten(g, "drop_identity").graph is g
