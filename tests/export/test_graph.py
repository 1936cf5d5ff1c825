from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fv_export.graph import Graph, Quantized, renamed
from tests.export.small_graphs import IMAGE, add, conv, graph


def test_producers_and_consumers_are_found_by_tensor() -> None:
    first, second = conv("a", IMAGE, padding=((1, 1), (1, 1))), conv("b", IMAGE, padding=((1, 1), (1, 1)))
    both = add("sum", "a", "b")
    g = graph(first, second, both)
    assert g.producer(IMAGE) is None
    assert g.producer("sum") is both
    assert g.consumers(IMAGE) == [first, second]
    assert g.consumers("sum") == []
    assert list(g.tensors()) == [IMAGE, "a", "b", "sum"]


def test_a_node_that_reads_a_tensor_twice_is_one_consumer() -> None:
    g = graph(add("double", IMAGE, IMAGE))
    assert len(g.consumers(IMAGE)) == 1


def test_a_sound_graph_passes_its_check() -> None:
    graph(conv("a", IMAGE)).check()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: replace(g, nodes=g.nodes[::-1]), "before anything writes it"),
        (lambda g: replace(g, nodes=(*g.nodes, g.nodes[0])), "there twice"),
        (lambda g: replace(g, output="nowhere"), "nothing writes the output"),
        (lambda g: replace(g, shapes={IMAGE: (1, 8, 8, 3)}), "shapes and tensors differ"),
        (lambda g: replace(g, shapes={**g.shapes, IMAGE: (2, 8, 8, 3)}), "batch 1"),
    ],
)
def test_a_broken_graph_is_refused(change: object, message: str) -> None:
    g = graph(conv("a", IMAGE), conv("b", "a", (4, 4)))
    broken: Graph = change(g)  # type: ignore[operator]  # parametrized functions have no common type
    with pytest.raises(ValueError, match=message):
        broken.check()


def test_renaming_leaves_other_inputs_alone() -> None:
    node = add("sum", "a", "b")
    assert renamed(node, {"a": "c", "x": "y"}).inputs == ("c", "b")
    assert renamed(node, {}).inputs == node.inputs


@pytest.mark.parametrize(("bits", "limits"), [(8, (-128, 127)), (16, (-32768, 32767))])
def test_limits_are_those_of_signed_integers(bits: int, limits: tuple[int, int]) -> None:
    assert Quantized(bits, np.ones(1), np.zeros(1, np.int64)).limits == limits
