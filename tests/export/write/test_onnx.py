"""Files of one node against the float reference: what onnxruntime computes is what the graph means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from fv_core.errors import UnknownName
from fv_core.manifest import ONNX_KEY, Manifest
from fv_export import execute
from fv_export.errors import SchemeRefused
from fv_export.graph import Affine, Annotation, Graph
from fv_export.write.onnx import float_tensors, write
from tests.export.write.onnx_files import Loaded, as_vector, kernels, operators
from tests.export.write.tflite_cases import CASES, annotated, dequantized, graph_of, manifest, pictures, with_softmax

# float32 sums in another order, relative to the largest value.
FLOAT = 1e-5
# float16 has 11 bits: each weight is off by up to 2^-12 of itself; sums of random signs stay within a few of these.
HALF = 2e-3
# int8 weights are off by up to 1/254 of the largest in their channel; a Dense layer's input likewise.
DYNAMIC = 3e-2
# Scales are stored as float32 and added in float32: a tie may fall either way.
TIE = 0.01
# Functions made of two integer kernels: the gate in between is rounded to 1/255, which its factor x multiplies.
GATED_STEPS = {"hard_swish": 2.0, "silu": 2.0}
# onnxruntime has no integer kernel for these.
FLOAT_ISLANDS = {"tanh", "elu", "elu_factor", "gelu", "affine_vector"}
WEIGHTED = [name for name in CASES if name.startswith(("conv", "depthwise", "dense"))]


def _case(name: str) -> tuple[Graph, NDArray[np.uint8], NDArray[np.float32]]:
    graph, batch = as_vector(graph_of(CASES[name])), pictures()
    return graph, batch, _reference(graph, batch)


def _reference(graph: Graph, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
    return execute.run(graph, batch.astype(np.float32))[graph.output]


def _quantized(graph: Graph, batch: NDArray[np.uint8]) -> tuple[Annotation, NDArray[np.float32]]:
    """The annotation whose output's range is that of the integer weights, and the float answers with these weights."""
    expected = _reference(dequantized(graph, annotated(graph, {"out": (-1.0, 1.0)}, 8)), batch)
    return annotated(graph, {"out": (float(expected.min()), float(expected.max()))}, 8), expected


@pytest.mark.parametrize("name", CASES)
def test_float_file_computes_the_node(name: str) -> None:
    graph, batch, expected = _case(name)
    data = write(graph, None, "fp32", manifest("fp32"))
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    answers = Loaded(data).run(batch)
    assert answers.shape == expected.shape
    assert np.abs(answers - expected).max() < FLOAT * np.abs(expected).max()


@pytest.mark.parametrize(("scheme", "tolerance"), [("fp16", HALF), ("dynamic", DYNAMIC)])
@pytest.mark.parametrize("name", WEIGHTED)
def test_smaller_weights_compute_the_node(name: str, scheme: str, tolerance: float) -> None:
    graph, batch, expected = _case(name)
    answers = Loaded(write(graph, _quantized(graph, batch)[0], scheme, manifest(scheme))).run(batch)
    assert 0 < np.abs(answers - expected).max() < tolerance * np.abs(expected).max()


@pytest.mark.parametrize("name", CASES)
def test_integer_file_is_within_a_step_of_the_node(name: str) -> None:
    graph, batch, _ = _case(name)
    annotation, expected = _quantized(graph, batch)
    data = write(graph, annotation, "int8", manifest("int8"))
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    steps = np.abs(Loaded(data).run(batch) - expected) / float(annotation.tensors["out"].scale[0])
    assert steps.max() <= GATED_STEPS.get(name, CASES[name].steps) + TIE
    assert {tensor.name for tensor in float_tensors(graph, annotation, "int8")} == (
        {"out"} if name in FLOAT_ISLANDS else set()
    )


@pytest.mark.parametrize("name", sorted(set(CASES) - FLOAT_ISLANDS))
def test_onnxruntime_computes_the_node_in_integers(name: str, tmp_path: Path) -> None:
    graph, batch, _ = _case(name)
    found = kernels(write(graph, _quantized(graph, batch)[0], "int8", manifest("int8")), tmp_path)
    floats = {
        "Conv",
        "Gemm",
        "MatMul",
        "Add",
        "Mul",
        "Sigmoid",
        "LeakyRelu",
        "GlobalAveragePool",
        "AveragePool",
        "Relu",
    }
    assert not floats & set(found)
    # The output; and a requantization of its own where a node only moves values to another grid.
    assert found["DequantizeLinear"] <= 2
    assert found["QuantizeLinear"] <= 1


@pytest.mark.parametrize("name", ["hard_swish", "affine_shift", "conv_same", "relu6"])
def test_grids_that_do_not_end_at_the_bounds_are_clipped(name: str) -> None:
    graph, batch, _ = _case(name)
    _, expected = _quantized(graph, batch)
    wide = annotated(graph, {"out": (-20.0, 20.0)}, 8)
    answers = Loaded(write(graph, wide, "int8", manifest("int8"))).run(batch)
    step = float(wide.tensors["out"].scale[0])
    assert np.abs(answers - expected).max() <= (1 + TIE) * step
    if name != "hard_swish":
        assert answers.min() >= 0


@pytest.mark.parametrize("scheme", ["fp32", "fp16", "dynamic", "int8"])
def test_input_output_and_manifest(scheme: str) -> None:
    graph = with_softmax(graph_of(CASES["dense"]))
    about = replace(manifest(scheme), format="onnx", versions={"fv": "1.2.3"})
    data = write(graph, annotated(graph, {"out": (-9.0, 9.0)}, 8), scheme, about)
    loaded = Loaded(data)
    assert (loaded.input.name, loaded.input.shape) == ("image", [1, 9, 8, 3])
    assert (loaded.output.name, loaded.output.shape, loaded.output.type) == ("probabilities", [1, 6], "tensor(float)")
    assert loaded.input.type == ("tensor(uint8)" if scheme == "int8" else "tensor(float)")
    assert loaded.run(pictures()).sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    model = onnx.load_from_string(data)
    assert (model.producer_name, model.producer_version) == ("fv", "1.2.3")
    assert Manifest.from_json({entry.key: entry.value for entry in model.metadata_props}[ONNX_KEY]) == about
    assert not any(tensor.data_location for tensor in model.graph.initializer)


@pytest.mark.parametrize("scheme", ["fp32", "int8"])
def test_the_same_arguments_give_the_same_bytes(scheme: str) -> None:
    graph = with_softmax(graph_of(CASES["dense"]))
    annotation = annotated(graph, {"out": (-9.0, 9.0)}, 8)
    first, second = (write(graph, annotation, scheme, manifest(scheme)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("scheme", ["fp32", "int8"])
def test_flattening_for_a_dense_layer_needs_no_transpose(scheme: str) -> None:
    graph = with_softmax(graph_of(CASES["dense"]))
    found = operators(write(graph, annotated(graph, {"out": (-9.0, 9.0)}, 8), scheme, manifest(scheme)))
    assert found["Transpose"] == 1
    flattened = as_vector(graph_of(CASES["relu"]))
    assert operators(write(flattened, None, "fp32", manifest("fp32")))["Transpose"] == 2


def test_tensors_without_a_range_are_float_islands() -> None:
    graph, batch, expected = _case("conv_same")
    whole = annotated(graph, {"out": (0.0, float(expected.max()))}, 8)
    tensors = {name: quantized for name, quantized in whole.tensors.items() if name not in ("out", "vector")}
    partly = replace(whole, tensors=tensors, float_tensors={"out": "its range is not known"})
    reasons = {tensor.name: tensor.why for tensor in float_tensors(graph, partly, "int8")}
    assert reasons["out"] == "its range is not known"
    assert reasons["vector"] == "it reads out, which is float: its range is not known"
    answers = Loaded(write(graph, partly, "int8", manifest("int8"))).run(batch)
    assert np.abs(answers - expected).max() < DYNAMIC * np.abs(expected).max()


def test_an_input_on_another_grid_is_requantized() -> None:
    graph, batch, _ = _case("conv_valid")
    annotation, expected = _quantized(graph, batch)
    pixels = annotation.tensors[graph.input]
    coarse = replace(annotation, tensors={**annotation.tensors, graph.input: replace(pixels, scale=pixels.scale * 2)})
    answers = Loaded(write(graph, coarse, "int8", manifest("int8"))).run(batch)
    assert 0 < np.abs(answers - expected).max() < 0.1 * np.abs(expected).max()


def test_float_tensors_of_the_other_schemes() -> None:
    graph, batch, _ = _case("conv_same")
    annotation, _ = _quantized(graph, batch)
    assert float_tensors(graph, None, "fp32") == float_tensors(graph, None, "fp16") == ()
    assert [tensor.name for tensor in float_tensors(graph, annotation, "dynamic")] == ["out"]
    dense = graph_of(CASES["dense"])
    assert float_tensors(dense, annotated(dense, {"out": (-1.0, 1.0)}, 8), "dynamic") == ()


def test_a_weight_that_half_precision_cannot_hold_stays_single() -> None:
    graph, batch, _ = _case("conv_same")
    node = next(node for node in graph.nodes if node.output == "out")
    large = replace(node, kernel=node.kernel * 1e6)  # type: ignore[type-var, attr-defined]  # a Conv, by the case
    graph = replace(graph, nodes=tuple(large if other is node else other for other in graph.nodes))
    assert [tensor.name for tensor in float_tensors(graph, None, "fp16")] == ["node/kernel"]
    answers, expected = Loaded(write(graph, None, "fp16", manifest("fp16"))).run(batch), _reference(graph, batch)
    assert np.abs(answers - expected).max() < FLOAT * np.abs(expected).max()


def test_what_cannot_be_written_is_refused() -> None:
    graph = with_softmax(graph_of(CASES["dense"]))
    with pytest.raises(SchemeRefused):
        write(graph, annotated(graph, {"out": (-1.0, 1.0)}, 16), "int16x8", manifest("int16x8"))
    with pytest.raises(UnknownName):
        write(graph, None, "int4", manifest("int4"))
    for scheme in ("dynamic", "int8"):
        with pytest.raises(ValueError, match="needs an annotation"):
            write(graph, None, scheme, manifest(scheme))
    with pytest.raises(ValueError, match="not a picture classifier"):
        write(graph_of(CASES["conv_same"]), None, "fp32", manifest("fp32"))


# The grid of x has the step 1/32 and its zero at 128: x + 5/32 on the same step and a zero of 123 has x's integers.
@pytest.mark.parametrize(
    ("shift", "step", "zero", "is_nothing"),
    [
        (5 / 32, 1 / 32, -5, True),
        (5.2 / 32, 1 / 32, -5, False),
        (5 / 32, 1 / 32, 0, False),
        (5 / 32, 0.0471, -5, False),
    ],
)
def test_a_shift_that_only_moves_the_zero_point_is_nothing(
    shift: float, step: float, zero: int, is_nothing: bool, tmp_path: Path
) -> None:
    node = Affine(
        name="node", inputs=("x",), output="out", scale=np.ones(3, np.float32), shift=np.full(3, shift, np.float32)
    )
    one = graph_of(CASES["affine_shift"])
    nodes = (*one.nodes[:1], node)
    graph = as_vector(replace(one, nodes=nodes, shapes=one.shapes | {"out": one.shapes["x"]}))
    plain = annotated(graph, {"out": (-4.0, 4.0)}, 8)
    quantized = replace(plain.tensors["out"], scale=np.array([step]), zero_point=np.array([zero]))
    annotation = replace(plain, tensors=plain.tensors | {"out": quantized, graph.output: quantized})
    data = write(graph, annotation, "int8", manifest("int8"))
    # One for x itself, whose step is not the picture's.
    assert (kernels(data, tmp_path)["QLinearAdd"] == 1) == is_nothing
    integers = np.clip(np.rint(_reference(graph, pictures()) / step) + zero, -128, 127)
    np.testing.assert_allclose(Loaded(data).run(pictures()), (integers - zero) * step, atol=step * TIE)
