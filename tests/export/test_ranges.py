from __future__ import annotations

import math
from dataclasses import replace

import pytest

from fv_export.graph import Clip, Concat, Function, Fused, Graph, Mean, Node, Pool, PoolKind, Reshape, Softmax
from fv_export.ranges import groups, settled, stored_as_float
from tests.export.small_graphs import IMAGE, activation, add, affine, conv, dense, graph, mul, pixels

WIDE = (-50.0, 80.0)


def settle(g: Graph, bits: int = 8, **given: tuple[float, float]) -> dict[str, tuple[float, float]]:
    observed = dict.fromkeys(g.tensors(), WIDE) | given
    return settled(g, observed, bits)


def test_the_picture_is_0_to_255_whatever_was_seen() -> None:
    assert settle(graph(pixels()), image=(10.0, 200.0))[IMAGE] == (0.0, 255.0)


def test_an_affine_of_the_picture_is_known_without_looking() -> None:
    shift = affine("shift", IMAGE, [1.0, 1.0, -0.5], [-128.0, -100.0, 10.0])
    assert settle(graph(shift))["shift"] == (-128.0, 155.0)
    assert settle(graph(pixels()))["pixels"] == (-4.0, 255 / 32 - 4)


def test_a_plain_tensor_keeps_its_range_and_contains_0() -> None:
    g = graph(pixels(), conv("a", "pixels"))
    assert settle(g)["a"] == WIDE
    assert settle(g, a=(3.0, 5.0))["a"] == (0.0, 5.0)
    assert settle(g, a=(-5.0, -3.0))["a"] == (-5.0, 0.0)


CUTS: list[tuple[list[Node], tuple[float, float]]] = [
    ([activation("f", "a", Function.HARD_SWISH)], (-3.0, 80.0)),
    ([activation("f", "a", Function.HARD_SIGMOID)], (-3.0, 3.0)),
    ([activation("f", "a", Function.SIGMOID)], (-math.log(511), math.log(511))),
    ([activation("f", "a", Function.TANH)], (-math.atanh(255 / 256), math.atanh(255 / 256))),
    ([activation("f", "a", Function.RELU6)], (0.0, 6.0)),
    ([affine("h", "a", [1.0] * 4, [3.0] * 4, Fused.RELU6), mul("p", "a", "h")], (-3.0, 80.0)),
    ([affine("h", "a", [1.0] * 4, [3.0] * 4, Fused.RELU6)], (-3.0, 3.0)),
    ([activation("f", "a", Function.SIGMOID), mul("p", "a", "f")], (-math.log(511), 80.0)),
]


@pytest.mark.parametrize(("readers", "expected"), CUTS, ids=lambda value: str(value)[:40])
def test_a_tensor_is_cut_where_its_readers_saturate(readers: list[Node], expected: tuple[float, float]) -> None:
    g = graph(pixels(), conv("a", "pixels"), *readers)
    assert settle(g)["a"] == pytest.approx(expected)
    assert settle(g, a=(-1.0, 1.0))["a"] == ((-1.0, 1.0) if expected[0] < 0 else (0.0, 1.0))


@pytest.mark.parametrize(
    "readers",
    [
        [activation("f", "a", Function.SILU)],
        [affine("h", "a", [1.0] * 4, [2.0] * 4, Fused.RELU6), mul("p", "a", "h")],
        [affine("h", "a", [1.0] * 4, [3.0] * 4), mul("p", "a", "h")],
        [activation("f", "a", Function.HARD_SWISH), add("s", "f", "a")],
        [activation("f", "a", Function.SIGMOID), mul("p", "a", "f"), add("s", "p", "a")],
        [activation("f", "a", Function.TANH), mul("p", "a", "f")],
    ],
    ids=["silu", "another shift", "not clipped", "read by a sum too", "gated, and read by a sum", "gated by its tanh"],
)
def test_a_tensor_of_which_more_matters_is_not_cut(readers: list[Node]) -> None:
    assert settle(graph(pixels(), conv("a", "pixels"), *readers))["a"] == WIDE


def test_an_output_is_not_cut() -> None:
    g = graph(pixels(), conv("a", "pixels"), activation("f", "a", Function.HARD_SWISH))

    assert settle(replace(g, output="a"))["a"] == WIDE


def test_16_bits_see_the_tails_of_smooth_functions() -> None:
    g = graph(pixels(), conv("a", "pixels"), activation("f", "a", Function.SIGMOID))
    assert settle(g, bits=16)["a"] == WIDE
    g = graph(pixels(), conv("a", "pixels"), activation("f", "a", Function.SIGMOID), mul("p", "a", "f"))
    assert settle(g, bits=16)["a"] == WIDE
    g = graph(pixels(), conv("a", "pixels"), activation("f", "a", Function.HARD_SWISH))
    assert settle(g, bits=16)["a"] == (-3.0, 80.0)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (conv("f", "pixels", fused=Fused.RELU), (0.0, 80.0)),
        (conv("f", "pixels", fused=Fused.RELU6), (0.0, 6.0)),
        (activation("f", "pixels", Function.SIGMOID), (0.0, 1.0)),
        (Clip(name="f", inputs=("pixels",), output="f", low=-2.0, high=9.0), (-2.0, 9.0)),
    ],
)
def test_what_cannot_be_written_is_not_in_the_range(node: Node, expected: tuple[float, float]) -> None:
    assert settle(graph(pixels(), node))["f"] == expected


def test_what_lies_outside_altogether_gives_the_nearer_end() -> None:
    g = graph(pixels(), conv("a", "pixels"), activation("f", "a", Function.HARD_SWISH))
    assert settle(g, a=(-90.0, -40.0))["a"] == (-3.0, 0.0)


def test_copying_nodes_share_one_range() -> None:
    g = graph(
        pixels(),
        conv("a", "pixels"),
        conv("b", "pixels"),
        Concat(name="both", inputs=("a", "b"), output="both"),
        Pool(name="pool", inputs=("both",), output="pool", kind=PoolKind.MAX, window=(2, 2), strides=(2, 2)),
        Mean(name="mean", inputs=("pool",), output="mean", keep_dims=True),
        Reshape(name="flat", inputs=("mean",), output="flat", shape=(1, 8)),
    )
    assert groups(g) == [("a", "b", "both", "pool"), ("mean", "flat")]
    ranges = settle(
        g, a=(-1.0, 2.0), b=(-4.0, 1.0), both=(-4.0, 2.0), pool=(-2.0, 2.0), mean=(0.0, 1.0), flat=(0.0, 1.0)
    )
    assert {ranges[tensor] for tensor in ("a", "b", "both", "pool")} == {(-4.0, 2.0)}
    assert ranges["flat"] == (0.0, 1.0)


def test_only_the_softmax_is_float_by_design() -> None:
    mean = Mean(name="mean", inputs=(IMAGE,), output="mean", keep_dims=False)
    g = graph(mean, dense("logits", "mean", (3, 2)), Softmax(name="answer", inputs=("logits",), output="answer"))
    assert dict(stored_as_float(g)) == {"answer": "the answer is given in float32"}
    assert dict(stored_as_float(graph(mean))) == {}
