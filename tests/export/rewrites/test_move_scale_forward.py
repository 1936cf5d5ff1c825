from __future__ import annotations

import pytest

from fv_export.graph import Function, Fused, Mean, Mul, Node, Pad, Pool, PoolKind, Reshape
from tests.export.small_graphs import (
    ONE_PIXEL,
    activation,
    add,
    affine,
    conv,
    dense,
    graph,
    kinds,
    mul,
    pixels,
    rewritten,
)

NAMES = ("move_scale_forward", "fold_affine_forward")
SIXTH = affine("sixth", "pixels", [1 / 6] * 3, [0.0] * 3)


@pytest.mark.parametrize(
    "node",
    [
        Pool(name="n", inputs=("sixth",), output="n", kind=PoolKind.MAX, window=(2, 2), strides=(2, 2)),
        Pool(name="n", inputs=("sixth",), output="n", kind=PoolKind.AVERAGE, window=(2, 2), strides=(2, 2)),
        Pad(name="n", inputs=("sixth",), output="n", padding=ONE_PIXEL),
        Reshape(name="n", inputs=("sixth",), output="n", shape=(1, 4, 16, 3)),
        Mul(name="n", inputs=("sixth", "pixels"), output="n", fused=Fused.RELU),
        mul("n", "sixth", "sixth"),
    ],
    ids=["max", "average", "Pad", "Reshape", "Mul", "square"],
)
def test_it_passes_and_ends_in_the_kernel(node: Node) -> None:
    result = rewritten(graph(pixels(), SIXTH, node, conv("next", "n", size=1)), *NAMES)
    assert kinds(result.graph) == ["Affine", type(node).__name__, "Conv"]


def test_it_passes_a_mean_into_a_matrix_product() -> None:
    mean = Mean(name="mean", inputs=("sixth",), output="mean", keep_dims=False)
    assert kinds(rewritten(graph(pixels(), SIXTH, mean, dense("d", "mean", (3, 2))), *NAMES).graph) == [
        "Affine", "Mean", "Dense",
    ]  # fmt: skip


def test_it_passes_on_two_ways_at_once() -> None:
    g = graph(
        pixels(),
        SIXTH,
        Mean(name="squeeze", inputs=("sixth",), output="squeeze", keep_dims=True),
        conv("excite", "squeeze", (3, 3), size=1),
        mul("gated", "sixth", "excite"),
        conv("next", "gated"),
    )
    assert kinds(rewritten(g, *NAMES).graph) == ["Affine", "Mean", "Conv", "Mul", "Conv"]


@pytest.mark.parametrize(
    "other", [conv("other", "pixels", (3, 3), size=1), affine("other", "pixels", [2.0] * 3, [1.0] * 3)]
)
def test_it_passes_a_sum_whose_other_operand_can_be_divided(other: Node) -> None:
    g = graph(pixels(), SIXTH, other, add("sum", "sixth", "other"), conv("next", "sum"))
    assert kinds(rewritten(g, *NAMES).graph) == ["Affine", type(other).__name__, "Add", "Conv"]


def test_a_sum_with_what_others_read_too_stops_it() -> None:
    g = graph(
        pixels(),
        SIXTH,
        conv("other", "pixels", (3, 3), size=1),
        add("sum", "sixth", "other"),
        mul("both", "sum", "other"),
        conv("next", "both"),
    )
    result = rewritten(g, "move_scale_forward")
    assert result.graph is g
    assert "Add sum stands between" in result.refused[0].why


def test_a_function_a_clipped_product_and_the_output_stop_it() -> None:
    for node in (
        activation("n", "sixth", Function.TANH),
        Mul(name="n", inputs=("sixth", "sixth"), output="n", fused=Fused.RELU6),
    ):
        g = graph(pixels(), SIXTH, node, conv("next", "n"))
        assert rewritten(g, "move_scale_forward").graph is g
    g = graph(pixels(), SIXTH, mul("n", "sixth", "pixels"))
    assert rewritten(g, "move_scale_forward").graph is g


@pytest.mark.parametrize(
    ("scale", "shift"), [([0.5, 0.5, 0.4], [0.0] * 3), ([-0.5] * 3, [0.0] * 3), ([0.5] * 3, [0.0, 0.0, 1.0])]
)
def test_a_shift_a_negative_factor_or_one_by_channel_does_not_move(scale: list[float], shift: list[float]) -> None:
    pool = Pool(name="n", inputs=("a",), output="n", kind=PoolKind.MAX, window=(2, 2), strides=(2, 2))
    g = graph(pixels(), affine("a", "pixels", scale, shift), pool, conv("next", "n"))
    assert rewritten(g, "move_scale_forward").graph is g
