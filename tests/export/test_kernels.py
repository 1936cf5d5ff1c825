"""The kernels of the runtimes, against the same sums in Python's integers, and against a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fv_export import simulate
from fv_export.calibrate import observe
from fv_export.graph import Add, Annotation, Fused, Graph, Mul, Node
from fv_export.kernels import as_kernels
from fv_export.operations import run_node
from fv_export.quantize import annotate, asymmetric
from tests.export.small_graphs import affine, conv, depthwise, graph, pictures, pixels

ROOM = asymmetric(-4.0, 5.0)


def steps_of(values: np.ndarray, annotation: Annotation, tensor: str) -> np.ndarray:
    return np.rint(values.astype(float) / annotation.tensors[tensor].scale[0]).astype(np.int64)


def annotated(*nodes: Node) -> tuple[Graph, Annotation]:
    g = graph(pixels(), *nodes)
    batch = pictures(12, seed=4)
    return g, annotate(g, observe(g, lambda: iter([batch]), "minmax"), "int8")


@pytest.mark.parametrize("file_format", ["tflite", "onnx"])
def test_a_convolution_is_the_sum_of_integers_times_one_float32(file_format: str) -> None:
    node = conv("a", "pixels", size=1, fused=Fused.RELU)
    g, annotation = annotated(node)
    values = simulate.run(g, annotation, pictures(), ("pixels", "a"), file_format)
    weights, scales = annotation.weights["a"], [np.float32(annotation.tensors[t].scale[0]) for t in ("pixels", "a")]
    total = steps_of(values["pixels"], annotation, "pixels") @ weights.kernel[0, 0].astype(np.int64) + weights.bias
    factor = scales[0] * weights.kernel_scale.scale.astype(np.float32) / scales[1]
    wanted = np.maximum(np.rint(total.astype(np.float32) * factor), 0)
    highest = 127 - annotation.tensors["a"].zero_point[0]
    np.testing.assert_array_equal(steps_of(values["a"], annotation, "a"), np.minimum(wanted, highest))


def test_zero_plus_three_stands_below_the_tie_in_tflite() -> None:
    """relu6(0 + 3) on [0, 6] is 127.4999998 steps in XNNPACK's fixed point, and 127.5 in float32, which rounds up."""
    node = replace(affine("h", "x", [1.0], [3.0]), fused=Fused.RELU6)
    annotation = Annotation(tensors={"x": ROOM, "h": asymmetric(0.0, 6.0)}, weights={})
    zero = np.zeros((1, 1, 1, 1), np.float32)
    fixed = np.asarray(as_kernels(annotation, "tflite")(node, [zero]))
    assert steps_of(fixed, annotation, "h").item() == 127
    assert np.rint(np.float32(3) / np.float32(annotation.tensors["h"].scale[0])) == 128


def test_sums_and_products_are_those_of_the_integers() -> None:
    random = np.random.default_rng(0)
    tensors = {"x": ROOM, "y": asymmetric(-1.0, 2.0), "sum": asymmetric(-5.0, 7.0), "product": asymmetric(-8.0, 10.0)}
    annotation = Annotation(tensors=tensors, weights={})
    x, y = (random.integers(-100, 100, (1, 30, 30, 4)) for _ in "xy")
    real = [(steps * np.float32(tensors[name].scale[0])).astype(np.float32) for name, steps in (("x", x), ("y", y))]
    compute = as_kernels(annotation, "tflite")
    scales = {name: np.float32(quantized.scale[0]) for name, quantized in tensors.items()}

    product = Mul(name="product", inputs=("x", "y"), output="product")
    wanted = np.rint((x * y).astype(np.float32) * np.float32(scales["x"] * scales["y"] / scales["product"]))
    np.testing.assert_array_equal(steps_of(np.asarray(compute(product, real)), annotation, "product"), wanted)

    # The larger ratio, 0.75, has the exponent -1: factors are in units of 2^-21.
    total = Add(name="sum", inputs=("x", "y"), output="sum")
    factors = [round(float(np.float32(scales[name] / scales["sum"])) * 2**21) for name in "xy"]
    wanted = (x * factors[0] + y * factors[1] + 2**20) >> 21
    np.testing.assert_array_equal(steps_of(np.asarray(compute(total, real)), annotation, "sum"), wanted)


def test_what_is_not_in_8_bits_is_computed_as_ever() -> None:
    node = depthwise("a", "pixels")
    x = pictures(2)
    for annotation in (Annotation(tensors={}, weights={}), Annotation(tensors={"pixels": ROOM}, weights={})):
        np.testing.assert_array_equal(as_kernels(annotation, "tflite")(node, [x]), run_node(node, [x]))


def test_onnx_adds_in_float() -> None:
    tensors = {"x": ROOM, "y": ROOM, "sum": asymmetric(-5.0, 7.0)}
    node = Add(name="sum", inputs=("x", "y"), output="sum")
    x = np.linspace(-4, 5, 50, dtype=np.float32).reshape(1, 5, 10, 1)
    found = as_kernels(Annotation(tensors=tensors, weights={}), "onnx")(node, [x, x])
    np.testing.assert_array_equal(found, run_node(node, [x, x]))
