from __future__ import annotations

from fv_export.graph import Conv, Function, Fused, Graph, Mean
from tests.export.small_graphs import activation, conv, graph, kinds, mul, pixels, rewritten

NAME = "saturating_hard_sigmoid"


def gated() -> Graph:
    """A squeeze-and-excite block and the convolution after it."""
    return graph(
        pixels(),
        Mean(name="squeeze", inputs=("pixels",), output="squeeze", keep_dims=True),
        conv("excite", "squeeze", (3, 3), size=1, scale=2.0),
        activation("gate", "excite", Function.HARD_SIGMOID),
        mul("gated", "pixels", "gate"),
        conv("project", "gated", (3, 4), size=1),
    )


def test_it_becomes_a_clipped_sum_and_a_factor() -> None:
    result = rewritten(gated(), NAME)
    assert kinds(result.graph) == ["Affine", "Mean", "Conv", "Affine", "Affine", "Mul", "Conv"]


def test_sum_and_factor_fold_into_the_convolutions_around() -> None:
    result = rewritten(gated(), NAME, "move_scale_forward", "fold_affine_forward", "fold_batch_norm")
    assert kinds(result.graph) == ["Affine", "Mean", "Conv", "Mul", "Conv"]
    excite = result.graph.nodes[2]
    assert isinstance(excite, Conv)
    assert excite.fused is Fused.RELU6


def test_a_gate_without_a_kernel_behind_it_stays() -> None:
    g = graph(*gated().nodes[:-1])
    result = rewritten(g, NAME)
    assert result.graph is g
    assert result.refused[0].why == "the factor 1/6 has nowhere to go: gated is the output"


def test_a_smooth_gate_is_left_alone() -> None:
    g = graph(pixels(), activation("gate", "pixels", Function.SIGMOID), conv("next", "gate"))
    assert rewritten(g, NAME).graph is g
