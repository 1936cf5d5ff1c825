"""Files of one node against the float reference: what the kernels compute is what the graph means."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fv_export import execute
from fv_export.graph import Annotation, Graph
from fv_export.write.tflite import INPUT, OUTPUT, islands, write
from tests.export.write.tflite_cases import CASES, Case, Loaded, annotated, dequantized, graph_of, manifest, pictures

# float32 sums in another order, relative to the largest value.
FLOAT = 1e-5
# float16 has 11 bits: each weight is off by up to 2^-12 of itself; sums of random signs stay within a few of these.
HALF = 2e-3
# int8 weights are off by up to 1/254 of the largest in their channel, activations likewise when they are quantized.
DYNAMIC = 3e-2
# 16-bit kernels round their fixed-point multipliers to 15 or 16 bits: a few steps of 1/32767 of the range.
INT16_STEPS = 4.0
# The 16-bit sigmoid and tanh interpolate in a table of 256 entries: measured 1.7e-4 and 3.4e-4.
INT16_TABLE_STEPS = 12.0
BY_TABLE = {"sigmoid", "tanh", "silu"}
# Scales are stored as float32 and rounded multipliers have 31 bits: a tie may fall either way.
TIE = 0.01
# TensorFlow Lite has no kernel for these: a float island, which is then as exact as the two conversions.
WITHOUT_INT8 = {"elu_factor", "average_pool_other_padding"}
WITHOUT_INT16 = {*WITHOUT_INT8, "elu", "gelu", "hard_swish"}


def _reference(graph: Graph, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
    return execute.run(graph, batch.astype(np.float32))[graph.output]


def _float_error(case: Case, scheme: str, *, delegate: bool) -> float:
    graph, batch = graph_of(case), pictures()
    expected = _reference(graph, batch)
    annotation = annotated(graph, {"out": (-1.0, 1.0)}, 8) if scheme == "dynamic" else None
    answers = Loaded(write(graph, annotation, scheme, manifest(scheme)), delegate=delegate).run(batch)
    assert answers.shape == expected.shape
    return float(np.abs(answers - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("delegate", [True, False], ids=["xnnpack", "built-in"])
@pytest.mark.parametrize("name", CASES)
def test_float_file_computes_the_node(name: str, delegate: bool) -> None:
    assert _float_error(CASES[name], "fp32", delegate=delegate) < FLOAT


@pytest.mark.parametrize("delegate", [True, False], ids=["xnnpack", "built-in"])
@pytest.mark.parametrize(("scheme", "tolerance"), [("fp16", HALF), ("dynamic", DYNAMIC)])
@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("conv", "depthwise", "dense"))])
def test_smaller_weights_compute_the_node(name: str, scheme: str, tolerance: float, delegate: bool) -> None:
    error = _float_error(CASES[name], scheme, delegate=delegate)
    assert 0 < error < tolerance


@pytest.mark.parametrize("delegate", [True, False], ids=["xnnpack", "built-in"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", CASES)
def test_integer_file_is_within_a_step_of_the_node(name: str, bits: int, delegate: bool) -> None:
    graph, batch = graph_of(CASES[name]), pictures()
    annotation, expected = _annotated(graph, batch, bits)
    scheme = "int8" if bits == 8 else "int16x8"
    answers = Loaded(write(graph, annotation, scheme, manifest(scheme)), delegate=delegate).run(batch)
    step = float(annotation.tensors["out"].scale[0])
    assert float(np.abs(answers - expected).max()) / step <= _allowed_steps(name, bits) + TIE
    without = WITHOUT_INT8 if bits == 8 else WITHOUT_INT16
    assert set(islands(graph, annotation)) == ({"out"} if name in without else set())


def _annotated(graph: Graph, batch: NDArray[np.uint8], bits: int) -> tuple[Annotation, NDArray[np.float32]]:
    """The annotation whose output's range is that of the integer weights, and the float answers with these weights."""
    rough = annotated(graph, {"out": (-1.0, 1.0)}, bits)
    expected = _reference(dequantized(graph, rough), batch)
    return annotated(graph, {"out": (float(expected.min()), float(expected.max()))}, bits), expected


def _allowed_steps(name: str, bits: int) -> float:
    if bits == 8:
        return CASES[name].steps
    return INT16_TABLE_STEPS if name in BY_TABLE else INT16_STEPS


@pytest.mark.parametrize("scheme", ["fp32", "fp16", "dynamic", "int8", "int16x8"])
def test_input_output_and_signature(scheme: str) -> None:
    graph = graph_of(CASES["dense"])
    annotation = annotated(graph, {"out": (-9.0, 9.0)}, 16 if scheme == "int16x8" else 8)
    annotation = None if scheme.startswith("fp") else annotation
    byte = scheme.startswith("int")
    loaded = Loaded(write(graph, annotation, scheme, manifest(scheme)))
    assert (loaded.input["name"], loaded.output["name"]) == (INPUT, OUTPUT)
    assert loaded.input["dtype"] == (np.uint8 if byte else np.float32)
    assert loaded.output["dtype"] == np.float32
    assert loaded.input["quantization"] == ((1.0, 0) if byte else (0.0, 0))
    assert list(loaded.input["shape"]) == list(loaded.input["shape_signature"]) == [1, 9, 8, 3]
    assert loaded.interpreter.get_signature_list() == {"serving_default": {"inputs": [INPUT], "outputs": [OUTPUT]}}


def test_the_same_arguments_give_the_same_bytes() -> None:
    graph = graph_of(CASES["conv_same"])
    assert write(graph, None, "fp32", manifest("fp32")) == write(graph, None, "fp32", manifest("fp32"))


def test_a_scheme_and_an_annotation_that_do_not_fit_are_refused() -> None:
    graph = graph_of(CASES["conv_same"])
    with pytest.raises(ValueError, match="int8 without an annotation"):
        write(graph, None, "int8", manifest("int8"))
    with pytest.raises(ValueError, match="fp32 with an annotation"):
        write(graph, annotated(graph, {"out": (0.0, 1.0)}, 8), "fp32", manifest("fp32"))
    with pytest.raises(ValueError, match="dynamic without an annotation"):
        write(graph, None, "dynamic", manifest("dynamic"))
    with pytest.raises(ValueError, match="no scheme int4"):
        write(graph, None, "int4", manifest("int4"))
