"""Float islands: why a node computes in float, and the borders that the file then has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fv_core.manifest import FloatTensor
from fv_export import execute
from fv_export.graph import Activation, Annotation, Conv, Function, Graph, Quantized
from fv_export.write.tflite import float_tensors, islands, write
from tests.export.write.tflite_cases import (
    CASES,
    Loaded,
    annotated,
    dequantized,
    graph_of,
    manifest,
    pictures,
    with_softmax,
)

RANGES = {"middle": (-4.0, 4.0), "out": (-8.0, 8.0)}
# One step of the output's format and one of the middle's, which the last convolution weighs with up to nine weights.
STEPS = 3.0


def _graph() -> Graph:
    """x -> leaky relu -> middle -> conv -> out."""
    case = CASES["conv_same"]
    conv = case.nodes[0]
    assert isinstance(conv, Conv)
    middle = Activation(name="first", inputs=("x",), output="middle", function=Function.LEAKY_RELU, alpha=0.5)
    shapes = {"middle": (1, 9, 8, 3), **case.shapes}
    return graph_of(replace(case, nodes=(middle, replace(conv, inputs=("middle",))), shapes=shapes))


def _without(annotation: Annotation, tensor: str, why: str) -> Annotation:
    tensors = {name: quantized for name, quantized in annotation.tensors.items() if name != tensor}
    return Annotation(tensors, annotation.weights, {tensor: why})


def _error_in_steps(graph: Graph, annotation: Annotation) -> tuple[float, list[str]]:
    batch = pictures()
    loaded = Loaded(write(graph, annotation, "int8", manifest("int8")), delegate=False)
    expected = execute.run(dequantized(graph, annotation), batch.astype(np.float32))["out"]
    expected = np.clip(expected, -8.0, 8.0)
    step = float(annotation.tensors["out"].scale[0])
    return float(np.abs(loaded.run(batch) - expected).max()) / step, loaded.operators()


def test_a_whole_annotation_has_no_island() -> None:
    graph = _graph()
    annotation = annotated(graph, RANGES, 8)
    error, operators = _error_in_steps(graph, annotation)
    assert islands(graph, annotation) == {}
    assert operators == ["QUANTIZE", "DEPTHWISE_CONV_2D", "LEAKY_RELU", "CONV_2D", "DEQUANTIZE"]
    assert error < STEPS


def test_a_tensor_that_stays_float_gets_borders_and_a_reason() -> None:
    graph = _graph()
    whole = annotated(graph, RANGES, 8)
    annotation = _without(whole, "middle", "its tail is too long")
    assert float_tensors(graph, annotation, "int8") == (
        FloatTensor("middle", "its tail is too long"),
        FloatTensor("out", "it reads middle, which is float: its tail is too long"),
    )
    batch = pictures()
    loaded = Loaded(write(graph, annotation, "int8", manifest("int8")), delegate=False)
    # The DEQUANTIZE before the convolution widens its 8-bit kernel; with XNNPACK that is done once, at load.
    inside = ["DEQUANTIZE", "LEAKY_RELU", "DEQUANTIZE", "CONV_2D", "QUANTIZE"]
    assert loaded.operators() == ["QUANTIZE", "DEPTHWISE_CONV_2D", *inside, "DEQUANTIZE"]
    expected = np.clip(execute.run(dequantized(graph, whole), batch.astype(np.float32))["out"], -8.0, 8.0)
    step = float(whole.tensors["out"].scale[0])
    assert float(np.abs(loaded.run(batch) - expected).max()) <= step


def test_an_island_without_integer_weights_has_its_own_in_float() -> None:
    graph = _graph()
    whole = annotated(graph, RANGES, 8)
    annotation = replace(_without(whole, "middle", "kept"), weights={})
    widened, exact = (len(write(graph, each, "int8", manifest("int8"))) for each in (whole, annotation))
    batch = pictures()
    loaded = Loaded(write(graph, annotation, "int8", manifest("int8")), delegate=False)
    expected = np.clip(execute.run(graph, batch.astype(np.float32))["out"], -8.0, 8.0)
    # The picture alone stands in integers before it, and it is exact.
    assert float(np.abs(loaded.run(batch) - expected).max()) <= float(whole.tensors["out"].scale[0])
    assert exact > widened


def test_weights_that_are_not_quantized_make_an_island() -> None:
    graph = _graph()
    annotation = replace(annotated(graph, RANGES, 8), weights={})
    assert islands(graph, annotation) == {"out": "its weights are not quantized"}


def test_two_widths_make_an_island() -> None:
    graph = _graph()
    annotation = annotated(graph, RANGES, 8)
    wide = Quantized(16, np.array([4 / 32767]), np.array([0]))
    annotation = replace(annotation, tensors={**annotation.tensors, "middle": wide})
    why = "no kernel reads and writes 8 and 16 bits"
    assert islands(graph, annotation) == {"middle": why, "out": why}


@pytest.mark.parametrize("scheme", ["dynamic"])
def test_a_scheme_with_float_activations_has_no_islands(scheme: str) -> None:
    graph = _graph()
    assert float_tensors(graph, annotated(graph, RANGES, 8), scheme) == ()


def test_the_softmax_is_float_and_no_island() -> None:
    graph = with_softmax(graph_of(CASES["dense"]))
    annotation = annotated(graph, {"out": (-30.0, 30.0)}, 8)
    assert islands(graph, annotation) == {}
    loaded = Loaded(write(graph, annotation, "int8", manifest("int8")), delegate=False)
    assert loaded.operators()[-2:] == ["DEQUANTIZE", "SOFTMAX"]
    np.testing.assert_allclose(loaded.run(pictures()).sum(axis=1), 1.0, atol=1e-5)
