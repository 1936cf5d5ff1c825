from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from fv_edge_runtime.onnx_file import MAX_DEPTH, read_metadata, read_onnx
from tests.edge_runtime.tiny_models import SIZE, onnx_model


def written(model: Any, tmp_path: Path) -> Path:
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_everything_is_read_back(tmp_path: Path) -> None:
    model = onnx_model(batch="N")
    model.metadata_props.add(key="a", value="1")
    path = written(model, tmp_path)
    found = read_onnx(path)
    assert (found.producer, found.opsets, found.metadata) == ("tiny", {"": 17}, {"a": "1"})
    assert read_metadata(path) == {"a": "1"}
    assert [(value.name, value.dtype, value.shape) for value in found.inputs] == [
        ("image", "float32", (-1, SIZE, SIZE, 3))
    ]
    assert [(value.name, value.shape) for value in found.outputs] == [("shares", (-1, 3))]
    assert [node.operator for node in found.nodes] == ["ReduceMean", "Mul", "Softmax"]
    assert found.nodes[1].inputs == ("mean", "gain")
    gain = found.constants["gain"]
    assert (gain.dtype, gain.shape, gain.size_bytes) == ("float32", (), 4)


def test_no_metadata_is_an_empty_dict(tmp_path: Path) -> None:
    assert read_metadata(written(onnx_model(), tmp_path)) == {}


@pytest.mark.parametrize("location", ["weights.bin", "../../etc/passwd", "/etc/passwd"])
def test_weights_in_another_file_are_refused(location: str, tmp_path: Path) -> None:
    model = onnx_model()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    with pytest.raises(UnsupportedModel, match="not in the file"):
        read_onnx(written(model, tmp_path))


def nested(depth: int) -> Any:
    """A graph in an attribute of a node, `depth` times."""
    constant = helper.make_node("Constant", [], ["x"], value=numpy_helper.from_array(np.zeros(1, dtype=np.float32)))
    graph = helper.make_graph([constant], "inner", [], [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])])
    for _ in range(depth):
        branch = helper.make_node("If", ["c"], ["x"], then_branch=graph, else_branch=onnx.GraphProto())
        graph = helper.make_graph([branch], "outer", [], [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])])
    return helper.make_model(graph)


def test_graphs_inside_one_another_are_followed_so_far(tmp_path: Path) -> None:
    found = read_onnx(written(nested(MAX_DEPTH), tmp_path))
    assert [node.operator for node in found.nodes].count("If") == MAX_DEPTH
    with pytest.raises(BadModelFile, match="deep"):
        read_onnx(written(nested(MAX_DEPTH + 1), tmp_path))


def test_external_weights_inside_a_branch_are_found(tmp_path: Path) -> None:
    model = nested(1)
    inner = model.graph.node[0].attribute[0].g
    tensor = inner.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="w.bin")
    with pytest.raises(UnsupportedModel):
        read_onnx(written(model, tmp_path))


@pytest.mark.parametrize("dims", [[1 << 40], [-1], [1 << 62, 1 << 62]])
def test_weights_without_data_are_refused(dims: list[int], tmp_path: Path) -> None:
    model = onnx_model()
    model.graph.initializer.add(name="huge", data_type=TensorProto.FLOAT, dims=dims)
    with pytest.raises(BadModelFile, match="have no data"):
        read_onnx(written(model, tmp_path))


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    rng = np.random.default_rng(0)
    for data in (b"\x00", b"PK\x03\x04 a zip", rng.bytes(1000), onnx.ModelProto(ir_version=8).SerializeToString()):
        path.write_bytes(data)
        with pytest.raises(BadModelFile):
            read_onnx(path)


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = written(onnx_model(), tmp_path)
    data = path.read_bytes()
    # Behind the graph stands only the opset import, which has its own check in the runtime.
    end = data.rindex(b"shares")
    for part in range(1, 64):
        if len(data) * part // 64 < end:
            path.write_bytes(data[: len(data) * part // 64])
            with pytest.raises(BadModelFile):
                read_onnx(path)
