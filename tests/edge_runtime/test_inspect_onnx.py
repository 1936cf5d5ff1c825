from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from fv_edge_runtime.facts import TensorFacts
from fv_edge_runtime.inspect_onnx import onnx_facts
from tests.edge_runtime.tiny_models import SIZE, manifest, onnx_model

SHA = "f" * 64


def test_the_facts_of_a_float_file(models: Path) -> None:
    facts = onnx_facts(models / "float.onnx", SHA)
    assert (facts.name, facts.format, facts.sha256, facts.producer) == ("float.onnx", "onnx", SHA, "tiny")
    assert facts.opsets == {"ai.onnx": 17}
    assert facts.inputs == (TensorFacts("image", "float32", (1, SIZE, SIZE, 3), None),)
    assert facts.outputs == (TensorFacts("shares", "float32", (1, 3), None),)
    assert facts.operators == {"Mul": 1, "ReduceMean": 1, "Softmax": 1}
    assert facts.constant_bytes == {"float32": 4}
    assert facts.activation_dtypes == {"float32": 4}
    assert (facts.float_activations, facts.free_shapes, facts.custom_operators) == ((), (), ())
    assert facts.manifest == manifest(format="onnx")


def test_weights_among_the_inputs_are_no_inputs(tmp_path: Path) -> None:
    model = onnx_model()
    model.graph.input.append(helper.make_tensor_value_info("gain", TensorProto.FLOAT, []))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert [tensor.name for tensor in onnx_facts(tmp_path / "m.onnx", SHA).inputs] == ["image"]


def test_free_sizes_and_custom_operators_are_named(tmp_path: Path) -> None:
    model = onnx_model(batch="N")
    model.graph.node[1].domain = "somebody.else"
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    facts = onnx_facts(tmp_path / "m.onnx", SHA)
    assert facts.free_shapes == ("image", "shares")
    assert facts.custom_operators == ("somebody.else.Mul",)


def quantized(middle: str, tmp_path: Path) -> Path:
    """image -> Relu -> Q -> DQ -> `middle` -> Sigmoid -> Q -> DQ -> Softmax."""
    nodes = [
        helper.make_node("Relu", ["image"], ["start"]),
        helper.make_node("QuantizeLinear", ["start", "s", "z"], ["q1"]),
        helper.make_node("DequantizeLinear", ["q1", "s", "z"], ["d1"]),
        helper.make_node(middle, ["d1"], ["middle"]),
        helper.make_node("Sigmoid", ["middle"], ["end"]),
        helper.make_node("QuantizeLinear", ["end", "s", "z"], ["q2"]),
        helper.make_node("DequantizeLinear", ["q2", "s", "z"], ["d2"]),
        helper.make_node("Softmax", ["d2"], ["shares"]),
    ]
    graph = helper.make_graph(
        nodes,
        "q",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("shares", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(np.float32(0.1), "s"), numpy_helper.from_array(np.uint8(0), "z")],
    )
    path = tmp_path / "m.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


def test_what_is_not_quantized_between_pairs_is_an_island(tmp_path: Path) -> None:
    facts = onnx_facts(quantized("Erf", tmp_path), SHA)
    assert [(one.name, one.is_island) for one in facts.float_activations] == [("middle", True), ("shares", False)]


def test_moving_quantized_numbers_is_no_island(tmp_path: Path) -> None:
    facts = onnx_facts(quantized("Flatten", tmp_path), SHA)
    assert [one.name for one in facts.float_activations] == ["shares"]
