"""Every operator of the table against onnxruntime's own answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from fv_edge_runtime.onnx_file import Node
from fv_edge_runtime.onnx_shapes import elements, knows, written_shape

X = (1, 4, 9, 7)
CASES: list[tuple[str, list[tuple[int, ...]], dict[str, Any]]] = [
    ("Conv", [X, (6, 4, 3, 3)], {"strides": [2, 1], "pads": [1, 0, 1, 2]}),
    ("Conv", [X, (6, 4, 3, 2)], {"dilations": [2, 3]}),
    ("Conv", [X, (6, 2, 3, 3)], {"group": 2, "auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ("MaxPool", [X], {"kernel_shape": [2, 3], "strides": [2, 2]}),
    ("MaxPool", [X], {"kernel_shape": [2, 3], "strides": [2, 2], "ceil_mode": 1}),
    ("AveragePool", [X], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    ("GlobalAveragePool", [X], {}),
    ("Relu", [X], {}),
    ("Softmax", [X], {}),
    ("Add", [X, (7,)], {}),
    ("Mul", [(1, 4, 1, 1), X], {}),
    ("Transpose", [X], {"perm": [0, 2, 3, 1]}),
    ("Transpose", [X], {}),
    ("Flatten", [X], {}),
    ("Flatten", [X], {"axis": 2}),
    ("ReduceMean", [X], {"axes": [2, 3], "keepdims": 0}),
    ("ReduceMean", [X], {"axes": [-1]}),
    ("ReduceMax", [X], {}),
    ("Concat", [X, (1, 2, 9, 7)], {"axis": 1}),
    ("Gemm", [(2, 3), (3, 5)], {}),
    ("Gemm", [(3, 2), (5, 3)], {"transA": 1, "transB": 1}),
    ("MatMul", [(1, 6, 3), (3, 5)], {}),
]


def shape_by_onnxruntime(operator: str, given: list[tuple[int, ...]], attributes: dict[str, Any]) -> tuple[int, ...]:
    names = [f"x{number}" for number in range(len(given))]
    graph = helper.make_graph(
        [helper.make_node(operator, names, ["y"], **attributes)],
        "one",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, s) for name, s in zip(names, given, strict=True)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {name: np.zeros(shape, np.float32) for name, shape in zip(names, given, strict=True)}
    return tuple(int(size) for size in session.run(None, feeds)[0].shape)


@pytest.mark.parametrize(("operator", "given", "attributes"), CASES, ids=lambda value: str(value)[:30])
def test_a_shape_is_what_onnxruntime_says(
    operator: str, given: list[tuple[int, ...]], attributes: dict[str, Any]
) -> None:
    read = {name: tuple(value) if isinstance(value, list) else value for name, value in attributes.items()}
    node = Node(operator, "", tuple(f"x{number}" for number in range(len(given))), ("y",), read)
    assert written_shape({}, node, list(given)) == shape_by_onnxruntime(operator, given, attributes)


def constants(**values: list[int]) -> Any:
    from fv_edge_runtime._protobuf import Field
    from fv_edge_runtime.onnx_file import Constant

    made = {}
    for name, numbers in values.items():
        data = numpy_helper.from_array(np.array(numbers, np.int64)).raw_data
        made[name] = Constant(name, "int64", (len(numbers),), len(data), (Field(9, False, 0, memoryview(data)),))
    return made


@pytest.mark.parametrize(
    ("operator", "given", "second", "wanted"),
    [
        ("Reshape", (1, 4, 3), [1, -1], (1, 12)),
        ("Reshape", (1, 4, 3), [0, 6, 2], (1, 6, 2)),
        ("Squeeze", (1, 4, 1), [2], (1, 4)),
        ("Squeeze", (1, 4, 1), [], (4,)),
        ("Unsqueeze", (4,), [0, -1], (1, 4, 1)),
        ("ReduceSum", (1, 4, 3), [1], (1, 1, 3)),
    ],
)
def test_sizes_in_a_second_input_are_read(
    operator: str, given: tuple[int, ...], second: list[int], wanted: tuple[int, ...]
) -> None:
    node = Node(operator, "", ("x", "s"), ("y",))
    assert written_shape(constants(s=second), node, [given, (len(second),)]) == wanted


def test_what_is_not_known_stays_so() -> None:
    conv = Node("Conv", "", ("x", "w"), ("y",))
    assert written_shape({}, conv, [None, (6, 4, 3, 3)]) is None
    assert written_shape({}, conv, [(1, 4, -1, 7), (6, 4, 3, 3)]) == (1, 6, -1, 5)
    assert written_shape({}, Node("Mystery", "", ("x",), ("y",)), [X]) is None
    assert not knows("Mystery")
    assert elements((1, -1)) is None
    assert elements((2, 3)) == 6


@pytest.mark.parametrize("shape", [(1,), (), (1, 2, 3, 4, 5)])
def test_ranks_that_do_not_fit_are_not_known(shape: tuple[int, ...]) -> None:
    conv = Node("Conv", "", ("x", "w"), ("y",))
    assert written_shape({}, conv, [shape, (6,)]) in (None, (shape[0], 6) if shape else None)
