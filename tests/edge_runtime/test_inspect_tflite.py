from __future__ import annotations

from pathlib import Path

import pytest

from fv_core.manifest import FloatTensor
from fv_edge_runtime.errors import BadModelFile
from fv_edge_runtime.facts import TensorFacts
from fv_edge_runtime.inspect_tflite import tflite_facts
from fv_edge_runtime.session import Quantization
from tests.edge_runtime.tiny_models import SIZE, Model, Tensor, float_model, manifest, quantized_model, with_manifest

SHA = "f" * 64


def test_the_facts_of_a_quantized_file(models: Path) -> None:
    facts = tflite_facts(models / "int8.tflite", SHA)
    assert (facts.name, facts.format, facts.sha256, facts.producer) == ("int8.tflite", "tflite", SHA, "tiny")
    assert facts.size_bytes == (models / "int8.tflite").stat().st_size
    assert facts.inputs == (TensorFacts("image", "uint8", (1, SIZE, SIZE, 3), Quantization(1.0, 0)),)
    assert facts.outputs == (TensorFacts("shares", "float32", (1, 3), None),)
    assert facts.operators == {"DEQUANTIZE": 1, "HARD_SWISH": 1, "MEAN": 1, "QUANTIZE": 1, "SOFTMAX": 1}
    assert facts.activation_dtypes == {"int8": 3, "float32": 2, "uint8": 1}
    assert facts.constant_bytes == {"int32": 8}
    assert [(one.name, one.is_island) for one in facts.float_activations] == [("logits", False), ("shares", False)]
    assert facts.manifest == manifest(scheme="int8")
    assert (facts.runtime, facts.partitions, facts.free_shapes, facts.custom_operators) == (None, None, (), ())


def test_a_float_file_has_no_tensors_left_in_float(models: Path) -> None:
    assert tflite_facts(models / "float.tflite", SHA).float_activations == ()


def island() -> Model:
    """HARD_SWISH is done in float: DEQUANTIZE, HARD_SWISH, QUANTIZE."""
    model = quantized_model()
    model.tensors += [Tensor("real", (1, 3)), Tensor("real", (1, 3))]
    model.operators[2:3] = [("DEQUANTIZE", [3], [7]), ("HARD_SWISH", [7], [8]), ("QUANTIZE", [8], [4])]
    model.options = {1: model.options[1], 6: model.options[4]}
    return model


def test_an_island_is_found_though_its_tensors_have_one_name(tmp_path: Path) -> None:
    path = with_manifest(island(), tmp_path / "m.tflite", float_tensors=(FloatTensor("shares", "as written"),))
    facts = tflite_facts(path, SHA)
    assert [(one.name, one.is_island) for one in facts.float_activations] == [
        ("real", True),
        ("real", True),
        ("logits", False),
        ("shares", False),
    ]
    assert facts.float_activations[3].why == "as written"
    assert len(facts.float_islands) == 2


def test_free_sizes_and_custom_operators_are_named(tmp_path: Path) -> None:
    model = float_model()
    model.tensors[0] = Tensor("image", (1, SIZE, SIZE, 3), signature=(-1, SIZE, SIZE, 3))
    model.operators[0] = ("CUSTOM:FlexMean", [0, 1], [2])
    model.options.pop(0)
    (tmp_path / "m.tflite").write_bytes(model.to_bytes())
    facts = tflite_facts(tmp_path / "m.tflite", SHA)
    assert facts.free_shapes == ("image",)
    assert facts.inputs[0].shape == (-1, SIZE, SIZE, 3)
    assert facts.custom_operators == ("FlexMean",)


def test_an_unsound_file_is_refused(tmp_path: Path) -> None:
    model = float_model()
    model.operators[1] = ("SOFTMAX", [50], [3])
    (tmp_path / "m.tflite").write_bytes(model.to_bytes())
    with pytest.raises(BadModelFile, match="tensor 50"):
        tflite_facts(tmp_path / "m.tflite", SHA)
