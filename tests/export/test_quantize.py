from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fv_export.errors import NotQuantizable
from fv_export.graph import (
    Annotation,
    Concat,
    Function,
    Fused,
    Graph,
    Mean,
    Pool,
    PoolKind,
    Quantized,
    Reshape,
    Softmax,
)
from fv_export.quantize import annotate, asymmetric, dequantized, symmetric16, weight_quantization
from tests.export.small_graphs import IMAGE, activation, add, affine, conv, dense, depthwise, graph, mul, pixels


def annotated(g: Graph, scheme: str = "int8", **given: tuple[float, float]) -> Annotation:
    return annotate(g, dict.fromkeys(g.tensors(), (-4.0, 8.0)) | given, scheme)


def scale_of(quantized: Quantized) -> float:
    return float(quantized.scale[0])


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (0.0, 6.0), (-2.5, 0.0), (-1269.0, 195.0), (-1e-3, 1e3)])
def test_8_bits_hold_the_range_and_0_exactly(low: float, high: float) -> None:
    q = asymmetric(low, high)
    scale, zero_point = scale_of(q), int(q.zero_point[0])
    assert q.limits[0] <= zero_point <= q.limits[1]
    # The zero point is an integer: the upper end may be missed by a step, never the lower, where saturated values lie.
    assert (q.limits[0] - zero_point) * scale <= low + scale * 2e-3
    assert (q.limits[1] - zero_point) * scale >= high - scale * 1.001
    assert scale == pytest.approx((high - low) / 255)


@pytest.mark.parametrize("high", np.linspace(0.5, 60, 40))
def test_what_a_hard_swish_does_not_see_is_stored_where_it_answers_0(high: float) -> None:
    q = asymmetric(-3.0, float(high))
    lowest = (q.limits[0] - int(q.zero_point[0])) * scale_of(q)
    assert max(lowest + 3.0, 0.0) < 2e-3 * scale_of(q)


def test_16_bits_are_symmetric() -> None:
    q = symmetric16(-3.0, 1.0)
    assert (q.bits, int(q.zero_point[0])) == (16, 0)
    assert scale_of(q) == pytest.approx(3 / 32767)


def test_scales_are_numbers_that_float32_holds() -> None:
    assert scale_of(asymmetric(-0.1, 0.7)) == float(np.float32(scale_of(asymmetric(-0.1, 0.7))))


def test_what_kernels_fix_is_fixed() -> None:
    g = graph(
        pixels(),
        activation("s", "pixels", Function.SIGMOID),
        activation("t", "s", Function.TANH),
        conv("c", "t", fused=Fused.RELU6),
    )
    tensors = annotated(g).tensors
    assert (scale_of(tensors[IMAGE]), int(tensors[IMAGE].zero_point[0])) == (1.0, -128)
    assert (scale_of(tensors["s"]), int(tensors["s"].zero_point[0])) == (1 / 256, -128)
    assert (scale_of(tensors["t"]), int(tensors["t"].zero_point[0])) == (1 / 128, 0)
    assert scale_of(tensors["c"]) == pytest.approx(6 / 255)
    assert int(tensors["c"].zero_point[0]) == -128
    wide = annotated(g, "int16x8").tensors
    assert {scale_of(wide["s"]), scale_of(wide["t"])} == {1 / 32768}
    assert {quantized.bits for quantized in wide.values()} == {16}


def test_kernels_are_symmetric_by_output_channel() -> None:
    node = conv("c", IMAGE, (3, 5))
    integers, q = weight_quantization(node)
    assert integers.dtype == np.int8
    assert integers.shape == node.kernel.shape
    assert q.scale.shape == (5,)
    assert (np.abs(integers).max(axis=(0, 1, 2)) == 127).all()
    np.testing.assert_allclose(integers * q.scale, node.kernel, atol=float(q.scale.max()) / 2 * 1.001)


def test_depthwise_kernels_have_a_scale_for_each_channel_and_multiple() -> None:
    node = depthwise("d", IMAGE)
    integers, q = weight_quantization(node)
    assert q.scale.shape == (6,)
    np.testing.assert_allclose(integers * q.scale.reshape(3, 2), node.kernel, atol=float(q.scale.max()) / 2 * 1.001)


def test_biases_have_the_scale_of_the_product() -> None:
    node = conv("c", "pixels")
    annotation = annotated(graph(pixels(), node))
    weights, s_in = annotation.weights["c"], scale_of(annotation.tensors["pixels"])
    step = s_in * weights.kernel_scale.scale
    np.testing.assert_allclose(weights.bias * step, node.bias, atol=float(step.max()) / 2 * 1.001)
    restored = dequantized(node, weights, s_in)
    np.testing.assert_allclose(restored.kernel, node.kernel, atol=float(weights.kernel_scale.scale.max()))
    np.testing.assert_allclose(restored.bias, node.bias, atol=float(step.max()))


def test_a_dead_channel_and_a_huge_bias_stay_within_32_bits() -> None:
    node = conv("c", "pixels")
    kernel, bias = node.kernel.copy(), node.bias.copy()
    kernel[..., 1] = 0.0
    kernel[..., 2] *= 1e-12
    bias[1], bias[2] = 5.0, -700.0
    annotation = annotated(graph(pixels(), replace(node, kernel=kernel, bias=bias)))
    weights, s_in = annotation.weights["c"], scale_of(annotation.tensors["pixels"])
    assert np.abs(weights.bias).max() <= 2**30
    assert (weights.kernel[..., 1] == 0).all()
    ratio = s_in * weights.kernel_scale.scale / scale_of(annotation.tensors["c"])
    assert ratio.min() >= 2.0**-32
    assert ratio.max() < 256
    np.testing.assert_allclose((weights.bias * s_in * weights.kernel_scale.scale)[1:3], [5.0, -700.0], rtol=1e-6)


def test_a_kernel_of_zeros_has_a_scale() -> None:
    node = conv("c", IMAGE)
    integers, q = weight_quantization(replace(node, kernel=np.zeros_like(node.kernel)))
    assert not integers.any()
    assert (q.scale == 1.0).all()


def test_a_vanishing_output_is_widened_until_the_kernels_take_it() -> None:
    annotation = annotated(graph(pixels(), conv("c", "pixels", scale=50.0), conv("d", "c", (4, 2))), c=(0.0, 1e-9))
    s_in, s_out = scale_of(annotation.tensors["pixels"]), scale_of(annotation.tensors["c"])
    assert (s_in * annotation.weights["c"].kernel_scale.scale / s_out).max() < 256


def test_a_vanishing_term_of_a_sum_is_widened() -> None:
    g = graph(pixels(), conv("a", "pixels"), conv("b", "pixels"), add("s", "a", "b"))
    tensors = annotated(g, a=(-1e-7, 1e-7)).tensors
    assert scale_of(tensors["a"]) / scale_of(tensors["s"]) >= 2.0**-10
    assert scale_of(annotated(g).tensors["a"]) == pytest.approx(12 / 255)


def test_a_mean_far_narrower_than_its_map_is_widened() -> None:
    g = graph(pixels(), Mean(name="m", inputs=("pixels",), output="m", keep_dims=True))
    tensors = annotated(g, m=(0.0, 1e-5)).tensors
    assert scale_of(tensors["pixels"]) / scale_of(tensors["m"]) < 256


def test_widening_keeps_both_sides_of_zero() -> None:
    g = graph(pixels(), conv("a", "pixels", scale=80.0), conv("d", "a", (4, 2)))
    q = annotated(g, a=(-2e-6, 1e-6)).tensors["a"]
    zero_point = int(q.zero_point[0])
    assert (zero_point + 128) * scale_of(q) >= 2e-6 - scale_of(q) * 2e-3


def test_copying_nodes_share_scale_and_zero_point() -> None:
    g = graph(
        pixels(),
        conv("a", "pixels"),
        conv("b", "pixels"),
        Concat(name="both", inputs=("a", "b"), output="both"),
        Pool(name="pool", inputs=("both",), output="pool", kind=PoolKind.AVERAGE, window=(2, 2), strides=(2, 2)),
    )
    tensors = annotated(g, a=(-9.0, 1.0)).tensors
    assert {scale_of(tensors[name]) for name in ("a", "b", "both", "pool")} == {float(np.float32(17 / 255))}


def test_a_fixed_scale_is_shared_through_a_reshape() -> None:
    sigmoid = activation("s", "pixels", Function.SIGMOID)
    g = graph(pixels(), sigmoid, Reshape(name="r", inputs=("s",), output="r", shape=(1, 192)))
    tensors = annotated(g, s=(0.1, 0.9), r=(0.1, 0.9)).tensors
    assert scale_of(tensors["r"]) == 1 / 256


def test_fixed_scales_that_cannot_be_shared_are_refused() -> None:
    sigmoid, tanh = activation("s", "pixels", Function.SIGMOID), activation("t", "pixels", Function.TANH)
    with pytest.raises(NotQuantizable, match="must have one scale"):
        annotated(graph(pixels(), sigmoid, tanh, Concat(name="c", inputs=("s", "t"), output="c")))
    plain = conv("a", "pixels", (3, 3), size=1)
    with pytest.raises(NotQuantizable, match="must have one scale"):
        annotated(graph(pixels(), sigmoid, plain, Concat(name="c", inputs=("s", "a"), output="c")))


def test_the_answer_stays_float_with_the_reason() -> None:
    mean = Mean(name="mean", inputs=(IMAGE,), output="mean", keep_dims=False)
    g = graph(mean, dense("logits", "mean", (3, 2)), Softmax(name="answer", inputs=("logits",), output="answer"))
    annotation = annotated(g)
    assert set(annotation.tensors) == {IMAGE, "mean", "logits"}
    assert annotation.float_tensors == {"answer": "the answer is given in float32"}


def test_dynamic_quantizes_weights_alone() -> None:
    g = graph(pixels(), conv("a", "pixels"), mul("m", "a", "a"))
    annotation = annotate(g, {}, "dynamic")
    assert annotation.tensors == {}
    assert annotation.float_tensors == {}
    assert set(annotation.weights) == {"a"}
    assert annotation.weights["a"].bias.size == 0
    node = conv("a", "pixels")
    np.testing.assert_array_equal(dequantized(node, annotation.weights["a"], 1.0).bias, node.bias)


def test_an_affine_counts_among_what_must_fit_the_kernels() -> None:
    g = graph(pixels(), affine("n", "pixels", [1000.0] * 3, [0.0] * 3), conv("c", "n"))
    tensors = annotated(g, n=(0.0, 1e-6)).tensors
    assert scale_of(tensors["pixels"]) * 1000 / scale_of(tensors["n"]) < 256
