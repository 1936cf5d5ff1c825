from __future__ import annotations

from pathlib import Path

from fv_edge_runtime.inspect import read_facts
from fv_edge_runtime.inspect_session import with_session
from tests.edge_runtime.tiny_models import quantized_model


def test_partitions_of_a_tflite_file_are_counted(models: Path) -> None:
    path = models / "int8.tflite"
    facts = with_session(path, read_facts(path))
    assert facts.runtime is not None
    assert facts.runtime.startswith("ai-edge-litert")
    # QUANTIZE from uint8 | MEAN | HARD_SWISH in int8 | DEQUANTIZE | SOFTMAX with a beta that is not 1
    assert facts.partitions == 2
    assert [one.operator for one in facts.outside] == ["QUANTIZE", "HARD_SWISH", "SOFTMAX"]
    assert "no int8 kernel" in facts.outside[1].why


def test_an_onnx_file_has_no_partitions(models: Path) -> None:
    facts = with_session(models / "float.onnx", read_facts(models / "float.onnx"))
    assert facts.runtime is not None
    assert (facts.partitions, facts.outside, facts.not_opened) == (None, (), "")


def test_a_file_that_does_not_open_keeps_its_facts(tmp_path: Path) -> None:
    model = quantized_model()
    model.operators[2] = ("CUSTOM:Mystery", [3], [4])
    (tmp_path / "m.tflite").write_bytes(model.to_bytes())
    facts = read_facts(tmp_path / "m.tflite")
    found = with_session(tmp_path / "m.tflite", facts)
    assert "Mystery" in found.not_opened
    assert (found.runtime, found.partitions) == (None, None)
    assert found.operators == facts.operators
