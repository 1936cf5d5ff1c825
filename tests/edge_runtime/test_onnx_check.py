"""What the attack tests type as whole files (tests/cli/test_attacks_onnx.py), here by its reason; and what passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from fv_edge_runtime import onnx_check
from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from fv_edge_runtime.onnx_check import check_onnx
from fv_edge_runtime.onnx_file import MAX_DEPTH
from tests.edge_runtime.tiny_models import onnx_model


def check(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    check_onnx(path)


def with_functions(calls: dict[str, list[str]]) -> Any:
    """The sound model that also calls F0; each function calls those that are named, one after the other."""
    model = onnx_model()
    for name, called in calls.items():
        names = ["x", *(f"t{index}" for index in range(len(called))), "y"]
        nodes = [
            helper.make_node(one, [a], [b], domain="mine") for one, a, b in zip(called, names, names[1:], strict=False)
        ]
        nodes.append(helper.make_node("Relu", [names[len(called)]], ["y"]))
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
        model.functions.append(helper.make_function("mine", name, ["x"], ["y"], nodes, opsets))
    model.graph.node.insert(1, helper.make_node("F0", ["mean"], ["unused"], domain="mine"))
    return model


def test_sound_models_pass(tmp_path: Path) -> None:
    check(onnx_model(), tmp_path)
    check(with_functions({"F0": ["F1", "F1"], "F1": []}), tmp_path)


def test_typed_weights_are_not_measured_by_their_bytes(tmp_path: Path) -> None:
    """Numbers in `int64_data` are varints, shorter than eight bytes each."""
    model = onnx_model()
    model.graph.initializer.append(helper.make_tensor("typed", TensorProto.INT64, [3], [1, 2, 3]))
    check(model, tmp_path)


def test_the_deepest_calls_that_are_allowed(tmp_path: Path) -> None:
    chain = {f"F{index}": [f"F{index + 1}"] for index in range(MAX_DEPTH - 1)}
    check(with_functions({**chain, f"F{MAX_DEPTH - 1}": []}), tmp_path)
    with pytest.raises(BadModelFile, match=f"more than {MAX_DEPTH} deep"):
        check(with_functions({**chain, f"F{MAX_DEPTH - 1}": [f"F{MAX_DEPTH}"], f"F{MAX_DEPTH}": []}), tmp_path)


@pytest.mark.parametrize("calls", [{"F0": ["F0"]}, {"F0": ["F1"], "F1": ["F2"], "F2": ["F0"]}])
def test_functions_in_a_circle_are_refused(calls: dict[str, list[str]], tmp_path: Path) -> None:
    with pytest.raises(BadModelFile, match="calls itself"):
        check(with_functions(calls), tmp_path)


def test_a_circle_that_nothing_calls_is_never_run(tmp_path: Path) -> None:
    check(with_functions({"F0": [], "F1": ["F1"]}), tmp_path)


def test_the_nodes_that_functions_grow_into_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {"F0": ["F1"] * 3, "F1": ["F2"] * 3, "F2": []}  # F2 is 1, F1 is 4, F0 is 13; with the main graph's 3: 16
    monkeypatch.setattr(onnx_check, "MAX_NODES", 16)
    check(with_functions(calls), tmp_path)
    monkeypatch.setattr(onnx_check, "MAX_NODES", 15)
    with pytest.raises(BadModelFile, match="16 nodes"):
        check(with_functions(calls), tmp_path)


@pytest.mark.parametrize("operator", ["Loop", "Scan"])
def test_loops_are_refused_wherever_they_stand(operator: str, tmp_path: Path) -> None:
    model = onnx_model()
    inner = helper.make_graph([helper.make_node(operator, ["x"], ["y"])], "inner", [], [])
    model.graph.node.append(helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner))
    with pytest.raises(UnsupportedModel, match=f"has a {operator}"):
        check(model, tmp_path)


def test_a_loop_of_another_domain_is_no_loop(tmp_path: Path) -> None:
    model = onnx_model()
    model.graph.node.append(helper.make_node("Loop", ["mean"], ["y"], domain="own.example"))
    check(model, tmp_path)


@pytest.mark.parametrize("place", ["function", "sparse weight", "branch"])
def test_weights_in_another_file_are_found_wherever_they_stand(place: str, tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(np.zeros(1, dtype=np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    model = with_functions({"F0": []})
    node = model.functions[0].node[0]
    if place == "sparse weight":
        model.graph.sparse_initializer.add(dims=[1]).values.CopyFrom(tensor)
    elif place == "function":
        node.attribute.add(name="value", t=tensor)
    else:
        inner = helper.make_graph([], "inner", [], [], initializer=[tensor])
        model.graph.node.append(helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner))
    with pytest.raises(UnsupportedModel, match="not in the file"):
        check(model, tmp_path)


@pytest.mark.parametrize(("dims", "raw"), [([1 << 40], b"\0" * 4), ([2], b"\0" * 4), ([1], b"\0" * 8), ([-1], b"")])
def test_raw_weights_have_the_length_of_their_shape(dims: list[int], raw: bytes, tmp_path: Path) -> None:
    model = onnx_model()
    model.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=raw)
    with pytest.raises(BadModelFile, match="'w'"):
        check(model, tmp_path)
