"""Multiply-adds against figures that are counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from fv_edge_runtime.facts import Layer
from fv_edge_runtime.onnx_file import read_onnx
from fv_edge_runtime.onnx_tensors import Tensors
from fv_edge_runtime.onnx_work import layers_of


def layers(
    operator: str, given: list[Any], kernel: np.ndarray, folder: Path, *, unpack: bool = False, **attributes: Any
) -> list[Layer]:
    nodes = [helper.make_node(operator, ["x", "k" if unpack else "w"], ["y"], **attributes)]
    if unpack:
        nodes.insert(0, helper.make_node("DequantizeLinear", ["w", "s"], ["k"]))
    graph = helper.make_graph(
        nodes,
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, given)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(kernel, "w"), numpy_helper.from_array(np.float32(1.0), "s")],
    )
    (folder / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    model = read_onnx(folder / "m.onnx")
    return list(layers_of(model, Tensors(model)))


@pytest.mark.parametrize(
    ("operator", "given", "kernel", "attributes", "wanted"),
    [
        ("Conv", [1, 2, 6, 6], (8, 2, 3, 3), {}, 4 * 4 * 8 * 2 * 9),
        ("Conv", [1, 8, 6, 6], (8, 1, 3, 3), {"group": 8}, 4 * 4 * 8 * 9),
        ("ConvTranspose", [1, 2, 6, 6], (2, 8, 3, 3), {}, 6 * 6 * 2 * 8 * 9),
        ("Gemm", [1, 64], (64, 10), {}, 640),
        ("Gemm", [1, 64], (10, 64), {"transB": 1}, 640),
        ("MatMul", [1, 5, 64], (64, 10), {}, 5 * 640),
        ("Mul", [1, 64], (1, 64), {}, 0),
    ],
)
def test_multiply_adds(
    operator: str, given: list[int], kernel: tuple[int, ...], attributes: dict[str, Any], wanted: int, tmp_path: Path
) -> None:
    (layer,) = layers(operator, given, np.zeros(kernel, np.float32), tmp_path, **attributes)
    if operator == "ConvTranspose":
        # Its result is not in the table of shapes; its work is known all the same.
        assert layer.shape is None
    assert layer.multiply_adds == wanted
    assert layer.weight_bytes == 4 * int(np.prod(kernel))


def test_a_free_batch_counts_as_one(tmp_path: Path) -> None:
    (layer,) = layers("Conv", ["N", 2, 6, 6], np.zeros((8, 2, 3, 3), np.float32), tmp_path)
    assert (layer.shape, layer.multiply_adds) == ((1, 8, 4, 4), 4 * 4 * 8 * 2 * 9)


def test_a_free_size_is_not_known(tmp_path: Path) -> None:
    (layer,) = layers("Conv", [1, 2, "H", 6], np.zeros((8, 2, 3, 3), np.float32), tmp_path)
    assert (layer.shape, layer.multiply_adds, layer.result_bytes) == ((1, 8, -1, 4), None, None)


def test_what_is_folded_is_no_layer_and_its_bytes_count_where_they_are_read(tmp_path: Path) -> None:
    (layer,) = layers("Conv", [1, 2, 6, 6], np.zeros((8, 2, 3, 3), np.int8), tmp_path, unpack=True)
    assert (layer.operator, layer.weight_bytes) == ("Conv", 8 * 2 * 9 + 4)


def test_a_recurrent_cell_is_not_known(tmp_path: Path) -> None:
    (layer,) = layers("LSTM", [1, 2, 6], np.zeros((1, 4, 6), np.float32), tmp_path)
    assert layer.multiply_adds is None
