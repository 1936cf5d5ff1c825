from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from fv_edge_runtime.errors import BadModelFile
from fv_edge_runtime.onnx_file import Constant, read_onnx
from fv_edge_runtime.onnx_values import MAX_NUMBERS, integers_of, numbers_of
from tests.edge_runtime.tiny_models import onnx_model


def constant(tensor: TensorProto, folder: Path) -> Constant:
    tensor.name = "c"
    model = onnx_model()
    model.graph.initializer.append(tensor)
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    return read_onnx(folder / "m.onnx").constants["c"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"])
def test_raw_numbers_are_read(dtype: str, tmp_path: Path) -> None:
    numbers = np.array([0, 1, 1, 0], dtype)
    assert numbers_of(constant(numpy_helper.from_array(numbers), tmp_path)) == (0, 1, 1, 0)


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (TensorProto.FLOAT, [0.5, -2.0]),
        (TensorProto.DOUBLE, [0.25, 3.0]),
        (TensorProto.INT8, [-3, 7]),
        (TensorProto.INT64, [-(1 << 40), 5]),
    ],
)
def test_typed_fields_are_read(kind: int, numbers: list[float], tmp_path: Path) -> None:
    assert numbers_of(constant(helper.make_tensor("c", kind, [2], numbers), tmp_path)) == tuple(numbers)


def test_whole_numbers_are_of_whole_types(tmp_path: Path) -> None:
    assert integers_of(constant(numpy_helper.from_array(np.array([1, -1], np.int64)), tmp_path)) == (1, -1)
    assert integers_of(constant(numpy_helper.from_array(np.array([1.5], np.float32)), tmp_path)) is None
    assert integers_of(None) is None


def test_weights_are_not_read(tmp_path: Path) -> None:
    large = numpy_helper.from_array(np.zeros(MAX_NUMBERS + 1, np.int8))
    assert numbers_of(constant(large, tmp_path)) is None


def test_half_a_number_is_refused(tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(np.array([1.0], np.float32))
    tensor.raw_data = tensor.raw_data[:3]
    with pytest.raises(BadModelFile, match="whole numbers"):
        numbers_of(constant(tensor, tmp_path))
