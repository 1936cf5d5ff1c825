from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from fv_edge_runtime.backends.onnxruntime import BACKEND
from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from tests.edge_runtime.tiny_models import SIZE, onnx_model, onnx_with_manifest


@pytest.mark.parametrize("threads", [1, 2])
def test_a_file_says_its_shapes_and_runs(threads: int, models: Path) -> None:
    session = BACKEND.open(models / "float.onnx", threads)
    assert session.runtime.startswith("onnxruntime 1")
    assert (session.input_shape, session.input_dtype) == ((1, SIZE, SIZE, 3), np.float32)
    assert (session.output_shape, session.output_dtype) == ((1, 3), np.float32)
    np.testing.assert_allclose(
        session.run(np.zeros(session.input_shape, np.float32)), np.full((1, 3), 1 / 3), atol=1e-6
    )


def test_a_free_batch_is_one(models: Path) -> None:
    session = BACKEND.open(models / "channels_first.onnx", 1)
    assert (session.input_shape, session.output_shape) == ((1, 3, SIZE, SIZE), (1, 3))


def test_other_free_sizes_and_other_types_are_refused(tmp_path: Path) -> None:
    model = onnx_model()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "height"
    (tmp_path / "free.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(UnsupportedModel, match="height"):
        BACKEND.open(tmp_path / "free.onnx", 1)
    graph = helper.make_graph(
        [helper.make_node("Identity", ["a"], ["b"])],
        "text",
        [helper.make_tensor_value_info("a", TensorProto.STRING, [1, 3])],
        [helper.make_tensor_value_info("b", TensorProto.STRING, [1, 3])],
    )
    text = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    text.ir_version = 10
    (tmp_path / "text.onnx").write_bytes(text.SerializeToString())
    with pytest.raises(UnsupportedModel, match="string"):
        BACKEND.open(tmp_path / "text.onnx", 1)


def two_outputs() -> onnx.ModelProto:
    model = onnx_model()
    model.graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3]))
    return model


def unknown_operator() -> onnx.ModelProto:
    model = onnx_model()
    model.graph.node[1].op_type, model.graph.node[1].domain = "Mystery", "somebody.else"
    model.opset_import.append(helper.make_opsetid("somebody.else", 1))
    return model


def cyclic() -> onnx.ModelProto:
    model = onnx_model()
    model.graph.node[0].input[0] = "shares"
    return model


def recursive_function() -> onnx.ModelProto:
    """A local function that calls itself (no. 17 of the attack cases)."""
    model = onnx_model()
    model.opset_import.append(helper.make_opsetid("local", 1))
    call = helper.make_node("F", ["x"], ["y"], domain="local")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    model.functions.append(helper.make_function("local", "F", ["x"], ["y"], [call], opsets))
    model.graph.node[1].CopyFrom(helper.make_node("F", ["mean"], ["logits"], domain="local"))
    return model


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (two_outputs(), UnsupportedModel),
        (unknown_operator(), BadModelFile),
        (cyclic(), BadModelFile),
        (recursive_function(), BadModelFile),
    ],
    ids=["two outputs", "unknown operator", "cycle", "recursive function"],
)
def test_what_cannot_be_run_is_refused_without_a_word(
    model: onnx.ModelProto, kind: type[Exception], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(kind):
        BACKEND.open(path, 1)
    assert capfd.readouterr() == ("", "")


def test_opening_a_file_leaves_no_telemetry_behind(tmp_path: Path) -> None:
    """onnxruntime 1.31 for Linux is built with telemetry that begins when it is imported."""
    model = onnx_with_manifest(tmp_path / "m.onnx")
    home = tmp_path / "home"
    home.mkdir()
    program = "from pathlib import Path; from fv_edge_runtime.backends import open_session; "
    program += f"open_session(Path({str(model)!r}))"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(home), "TMPDIR": str(home), "XDG_CACHE_HOME": str(home)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
    assert list(home.rglob("*")) == []
