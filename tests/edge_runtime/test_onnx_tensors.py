from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from fv_edge_runtime.onnx_file import read_onnx
from fv_edge_runtime.onnx_tensors import Tensors, Typed
from tests.edge_runtime.tiny_models import SIZE, onnx_model


def tensors(model: ModelProto, folder: Path) -> Tensors:
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    return Tensors(read_onnx(folder / "m.onnx"))


def test_types_and_shapes_are_followed_from_the_input(tmp_path: Path) -> None:
    found = tensors(onnx_model(batch="N"), tmp_path)
    assert found.get("image") == Typed("float32", (1, SIZE, SIZE, 3))
    assert found.get("mean") == Typed("float32", (1, 3))
    assert found.get("shares") == Typed("float32", (1, 3))
    assert found.get("gain") == Typed("float32", (), True)
    assert found.get("nobody") == Typed("not stated", None)


def quantized(last: str = "Relu") -> ModelProto:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("DequantizeLinear", ["w", "s", "z8"], ["kernel"]),
        helper.make_node("Mul", ["d", "kernel"], ["m"]),
        helper.make_node(last, ["m"], ["y"]),
    ]
    numbers = [np.float32(0.1), np.uint8(0), np.int8(0), np.ones((1, 3), np.int8)]
    return helper.make_model(
        helper.make_graph(
            nodes,
            "q",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
            [
                numpy_helper.from_array(np.asarray(value), name)
                for name, value in zip(("s", "z", "z8", "w"), numbers, strict=True)
            ],
        )
    )


def test_integers_and_what_is_folded_are_told_apart(tmp_path: Path) -> None:
    found = tensors(quantized(), tmp_path)
    assert found.get("q") == Typed("uint8", (1, 3))
    assert found.get("d") == Typed("float32", (1, 3))
    assert found.get("kernel") == Typed("float32", (1, 3), True)
    assert not found.get("m").is_constant


def test_what_an_unknown_operator_writes_is_what_the_file_states(tmp_path: Path) -> None:
    assert tensors(quantized("Mystery"), tmp_path).get("y") == Typed("float32", (1, 3))
