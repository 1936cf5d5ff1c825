"""The runner: its proof finds a wrong rewrite, refusals are sentences, and order within a phase does not matter."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fv_core.errors import UnknownName
from fv_export import rewriting
from fv_export.errors import RewriteFailed
from fv_export.from_keras import graph_of
from fv_export.graph import Conv, Function, Fused, Graph, Mean, Pad
from fv_export.rewriting import REWRITES, Edit, Match, Phase, Refused, Rewrite, edit, relative_difference, rewrite
from fv_export.rules import rewrites_for
from tests.export.small_graphs import (
    IMAGE,
    ONE_PIXEL,
    activation,
    affine,
    answers,
    assert_same_answers,
    conv,
    dense,
    graph,
    kinds,
    mul,
    pictures,
    pixels,
)
from tests.export.test_from_keras import NETWORK_TOLERANCE, network


def convs(of: Graph) -> Iterator[Match]:
    for node in of.nodes:
        if isinstance(node, Conv):
            yield (node,)


def allow(of: Graph, match: Match) -> Refused | None:
    return None


def clip_once(factor: float) -> Rewrite:
    """Fuses a ReLU into every convolution and multiplies its bias: wrong, but for an input that allows it."""

    def apply(of: Graph, match: Match) -> Edit:
        (node,) = match
        assert isinstance(node, Conv)
        changed = replace(node, bias=(node.bias * factor).astype(np.float32), fused=Fused.RELU)
        return Edit({node.name: (changed,)})

    def match(of: Graph) -> Iterator[Match]:
        return (m for m in convs(of) if getattr(m[0], "fused", None) is Fused.NONE)

    return Rewrite("wrong", Phase.FUSE, "None.", match, allow, apply)


class OneRewrite:
    """A registry of one."""

    def __init__(self, entry: Rewrite) -> None:
        self._entry = entry

    def get(self, name: str) -> Rewrite:
        return self._entry


def test_a_wrong_rewrite_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewriting, "REWRITES", OneRewrite(clip_once(1.0)))
    with pytest.raises(RewriteFailed) as caught:
        rewrite(graph(pixels(), conv("a", "pixels")), ["wrong"], pictures())
    assert "wrong" in caught.value.problem
    assert "at a" in caught.value.problem


def test_a_rewrite_that_changes_little_but_too_much_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    g = graph(pixels(), conv("a", "pixels"), activation("b", "a", Function.RELU))
    monkeypatch.setattr(rewriting, "REWRITES", OneRewrite(clip_once(1.001)))
    with pytest.raises(RewriteFailed):
        rewrite(g, ["wrong"], pictures())


def test_no_rewrites_change_nothing() -> None:
    g = graph(pixels(), conv("a", "pixels"))
    result = rewrite(g, [], None)
    assert result.graph is g
    assert result.applied == ()
    assert result.refused == ()


def test_rewrites_that_match_nowhere_change_nothing() -> None:
    g = graph(conv("a", IMAGE, padding=ONE_PIXEL), conv("b", "a", (4, 4)))
    result = rewrite(g, REWRITES.names(), None)
    assert result.graph is g
    assert result.applied_names == ()


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnknownName):
        rewrite(graph(conv("a", IMAGE)), ["fold_everything"], None)


def test_what_was_done_and_what_was_not_is_said_in_words() -> None:
    g = graph(affine("mean", IMAGE, [1.0] * 3, [-128.0] * 3), conv("a", "mean", padding=ONE_PIXEL),
              affine("norm", "a", [2.0] * 4, [1.0] * 4))  # fmt: skip
    result = rewrite(g, ["fold_batch_norm", "fold_affine_forward"], None)
    (done,) = result.applied
    assert str(done).startswith("fold_batch_norm at norm (largest difference ")
    (refused,) = result.refused
    assert str(refused) == ("fold_affine_forward at mean: a pads with zeros, so the shift is another at the border")


def test_an_edit_removes_what_nothing_reads() -> None:
    g = graph(pixels(), conv("a", "pixels"), conv("b", "a", (4, 4)))
    changed = edit(g, Edit({"b": (conv("b", IMAGE),)}))
    assert [node.name for node in changed.nodes] == ["b"]
    assert set(changed.shapes) == {IMAGE, "b"}


def mixed_graph() -> Graph:
    """Something for every rewrite of the integer rules."""
    return graph(
        pixels(),
        Pad(name="pad", inputs=("pixels",), output="pad", padding=ONE_PIXEL),
        conv("stem", "pad", (3, 4), scale=0.3),
        affine("norm", "stem", [0.5, 1.0, 2.0, 1.5], [0.0, 0.1, 0.2, 0.3]),
        activation("swish", "norm", Function.HARD_SWISH),
        Mean(name="squeeze", inputs=("swish",), output="squeeze", keep_dims=True),
        conv("gate", "squeeze", (4, 4), size=1),
        activation("sigmoid", "gate", Function.HARD_SIGMOID),
        mul("gated", "swish", "sigmoid"),
        conv("project", "gated", (4, 4), size=1),
        affine("norm_2", "project", [1.5] * 4, [0.1] * 4),
        activation("silu", "norm_2", Function.SILU),
        conv("last", "silu", (4, 6), scale=0.3),
        activation("relu", "last", Function.RELU6),
        Mean(name="pooled", inputs=("relu",), output="pooled", keep_dims=False),
        dense("logits", "pooled", (6, 3)),
    )  # fmt: skip


def test_the_integer_rules_leave_only_what_the_delegate_takes() -> None:
    g = mixed_graph()
    result = rewrite(g, rewrites_for("tflite", "int8"), pictures(seed=1))
    assert_same_answers(g, result.graph)
    assert not {"hard_swish", "hard_sigmoid", "silu", "relu6", "Pad"} & set(kinds(result.graph))
    assert kinds(result.graph).count("Affine") == 2  # pixels' shift, and the h of the swish


@pytest.mark.parametrize("seed", range(4))
def test_order_within_a_phase_does_not_matter(seed: int) -> None:
    g, names = mixed_graph(), list(rewrites_for("tflite", "int8"))
    expected = rewrite(g, names, None).graph
    random.Random(seed).shuffle(names)
    result = rewrite(g, names, None).graph
    assert [node.output for node in result.nodes] == [node.output for node in expected.nodes]
    assert kinds(result) == kinds(expected)
    assert_same_answers(expected, result)


@pytest.mark.parametrize("name", ["MobileNetV3Large", "EfficientNetB0"])
def test_a_whole_network_keeps_its_answers(name: str) -> None:
    model: Any = network(name)
    g = graph_of(model, "test")
    result = rewrite(g, rewrites_for("tflite", "int16x8"), None)  # all that are exact
    batch = pictures(2, 64)
    expected = model.predict(batch, verbose=0)
    np.testing.assert_allclose(answers(result.graph, batch), expected, rtol=0, atol=NETWORK_TOLERANCE)
    assert not {"hard_swish", "hard_sigmoid", "silu"} & set(kinds(result.graph))
    assert Counter(kinds(result.graph))["Affine"] == {"MobileNetV3Large": 22, "EfficientNetB0": 0}[name]


def test_relative_difference_of_other_shapes_is_infinite() -> None:
    one = np.ones((1, 2), np.float32)
    assert relative_difference(one, np.ones((1, 3), np.float32)) == float("inf")
    assert relative_difference(one * 1.5, one) == 0.5
