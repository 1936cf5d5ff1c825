from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from fv_edge_runtime.onnx_file import read_onnx
from fv_edge_runtime.onnx_precision import precisions, scaled_tensors
from fv_edge_runtime.onnx_tensors import Tensors
from fv_edge_runtime.precision import Precision

CONSTANTS: dict[str, Any] = {
    "s": np.float32(0.1),
    "z": np.uint8(7),
    "w8": np.ones((3, 2), np.int8),
    "by_channel": np.array([0.5, 0.25], np.float32),
    "w16": np.ones((3, 2), np.float16),
    "w32": np.ones((3, 2), np.float32),
}
QUANTIZE = helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"])
DEQUANTIZE = helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"])
WEIGHTS = helper.make_node("DequantizeLinear", ["w8", "by_channel"], ["w"], axis=1)


def read(nodes: list[Any], folder: Path) -> tuple[Any, Tensors]:
    graph = helper.make_graph(
        nodes,
        "q",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in CONSTANTS.items()],
    )
    (folder / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    model = read_onnx(folder / "m.onnx")
    return model, Tensors(model)


@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [
        ([helper.make_node("MatMul", ["x", "w32"], ["y"])], Precision("float32", "float32")),
        ([WEIGHTS, helper.make_node("MatMul", ["x", "w"], ["y"])], Precision("int8", "float32")),
        ([QUANTIZE, DEQUANTIZE, WEIGHTS, helper.make_node("MatMul", ["d", "w"], ["y"])], Precision("int8", "uint8")),
        (
            [
                QUANTIZE,
                DEQUANTIZE,
                WEIGHTS,
                helper.make_node("Flatten", ["d"], ["f"]),
                helper.make_node("MatMul", ["f", "w"], ["y"]),
            ],
            Precision("int8", "uint8"),
        ),
        (
            [helper.make_node("Cast", ["w16"], ["w"], to=1), helper.make_node("MatMul", ["x", "w"], ["y"])],
            Precision("float16", "float32"),
        ),
        (
            [
                helper.make_node("Cast", ["w8"], ["wide"], to=1),
                helper.make_node("Mul", ["wide", "by_channel"], ["w"]),
                helper.make_node("MatMul", ["x", "w"], ["y"]),
            ],
            Precision("int8", "float32"),
        ),
        (
            [
                helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"]),
                helper.make_node("MatMulInteger", ["q", "w8", "qz"], ["y"]),
            ],
            Precision("int8", "float32"),
        ),
    ],
)
def test_what_a_layer_computes_in(nodes: list[Any], wanted: Precision, tmp_path: Path) -> None:
    assert list(precisions(*read(nodes, tmp_path))) == [wanted]


def test_a_product_of_two_activations_has_no_weights(tmp_path: Path) -> None:
    assert list(precisions(*read([helper.make_node("MatMul", ["x", "x"], ["y"])], tmp_path))) == []


def test_scales_are_those_of_the_integers(tmp_path: Path) -> None:
    nodes = [QUANTIZE, DEQUANTIZE, WEIGHTS, helper.make_node("MatMul", ["d", "w"], ["y"])]
    found = {tensor.name: tensor for tensor in scaled_tensors(*read(nodes, tmp_path))}
    assert set(found) == {"q", "w8"}
    assert (found["q"].dtype, found["q"].axis, found["q"].zero_points) == ("uint8", None, (7,))
    assert found["q"].scales == pytest.approx((0.1,))
    assert (found["w8"].axis, found["w8"].scales, found["w8"].is_constant) == (1, (0.5, 0.25), True)
