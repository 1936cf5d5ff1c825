"""What a tensor adds to the error of the answer, against differences that are computed outright."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fv_export import execute
from fv_export.graph import Floats, Graph
from fv_export.layer_errors import DIRECTIONS, Comparison
from tests.export.small_graphs import conv, graph, pictures

# float32 sums over a few thousand products.
TOLERANCE = 1e-4


def net() -> Graph:
    return graph(conv("a", "image", (3, 4)), conv("b", "a", (4, 5)), conv("logits", "b", (5, 6), size=4))


def values(found: Graph) -> dict[str, Floats]:
    return execute.run(found, pictures(), ["a", "b", "logits"])


def test_a_file_without_errors_has_no_damage() -> None:
    found = Comparison(net(), ["a", "b", "logits"])(pictures(), values(net()))
    for name, moved in found.moved.items():
        assert moved.shape == (DIRECTIONS, 3)
        np.testing.assert_allclose(moved, 0.0, atol=1e-2, err_msg=name)
        np.testing.assert_allclose(found.expected[name], found.reference[name], rtol=TOLERANCE, atol=1e-3)


def test_an_error_is_weighed_by_what_it_moves() -> None:
    """Against the logits outright: all layers are linear, so the first order is all there is."""
    whole, exact = net(), values(net())
    moved = exact["a"] + np.random.default_rng(0).normal(size=exact["a"].shape).astype(np.float32)
    rest = replace(
        whole, input="a", nodes=whole.nodes[1:], shapes={k: v for k, v in whole.shapes.items() if k != "image"}
    )
    error = execute.run(rest, moved)["logits"] - exact["logits"]
    wanted = float(np.square(error - error.mean(axis=-1, keepdims=True)).sum(axis=(1, 2, 3)).mean())
    comparison = Comparison(whole, ["a"])
    found = [np.square(comparison(pictures(), {"a": moved}).moved["a"]).mean() for _ in range(64)]
    assert float(np.mean(found)) == pytest.approx(wanted, rel=0.2)


def test_what_is_passed_on_unchanged_is_nobodys_error() -> None:
    """`a` is off by one, `b` and `logits` are what the layers make of it: only `a` has an error of its own."""
    exact = values(net())
    moved = exact["a"] + np.float32(1.0)
    first = Comparison(net(), ["a"])(pictures(), {"a": moved})
    comparison = Comparison(net(), ["a", "b"])
    probe = comparison(pictures(), {"a": moved, "b": exact["b"]})
    found = comparison(pictures(), {"a": moved, "b": probe.expected["b"]})
    np.testing.assert_allclose(found.moved["b"], 0.0, atol=1e-2)
    assert np.square(found.moved["a"]).mean() == pytest.approx(np.square(first.moved["a"]).mean(), rel=1.5)


def test_the_weight_is_none_where_the_answer_reads_nothing() -> None:
    from fv_export.graph import Activation, Function

    swish = Activation(name="s", inputs=("a",), output="s", function=Function.HARD_SWISH)
    whole = graph(conv("a", "image", (3, 4), scale=0.2), swish, conv("logits", "s", (4, 6), size=6))
    batch = pictures()
    reference = execute.run(whole, batch, ["a"])["a"]
    found = Comparison(whole, ["a"])(batch, {"a": reference})
    below = reference < -3
    assert below.any()
    assert (found.weight["a"][below] == 0).all()
    assert (found.weight["a"][reference > 3] > 0).any()


def test_behind_the_logits_every_value_weighs_the_same() -> None:
    from fv_export.graph import Reshape, Softmax

    flat = Reshape(name="flat", inputs=("logits",), output="flat", shape=(1, 6))
    answer = Softmax(name="p", inputs=("flat",), output="p")
    whole = graph(conv("logits", "image", (3, 6), size=8), flat, answer)
    shares = execute.run(whole, pictures(), ["p"])["p"]
    found = Comparison(whole, ["p"])(pictures(), {"p": shares})
    assert found.moved == {}
    assert (found.weight["p"] == 1).all()
