from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fv_core.errors import BadManifest
from fv_core.manifest import FloatTensor
from fv_edge_runtime.facts import FloatActivation, ModelFacts, OutsideOperator, TensorFacts, counted, with_reasons
from fv_edge_runtime.session import Quantization
from tests.edge_runtime.tiny_models import manifest

FACTS = ModelFacts(
    name="m.tflite",
    format="tflite",
    size_bytes=10,
    sha256="0" * 64,
    producer="somebody",
    opsets={},
    inputs=(TensorFacts("image", "uint8", (1, 8, 8, 3), Quantization(0.5, 3)),),
    outputs=(TensorFacts("shares", "float32", (-1, 3), None),),
    operators={"ADD": 2},
    activation_dtypes={"int8": 2},
    constant_bytes={"int8": 100},
    float_activations=(FloatActivation("a", "island", True), FloatActivation("b", "out", False)),
    free_shapes=("shares",),
    custom_operators=("X",),
    manifest=manifest(),
    partitions=1,
    outside=(OutsideOperator("ADD", "int8", "t", "why"),),
    runtime="r 1",
)


def test_facts_survive_json() -> None:
    for facts in (FACTS, replace(FACTS, manifest=None, runtime=None, partitions=None, not_opened="it did not")):
        assert ModelFacts.from_data(json.loads(json.dumps(facts.to_data()))) == facts


def test_data_that_is_no_facts_is_refused() -> None:
    data = FACTS.to_data()
    with pytest.raises(TypeError):
        ModelFacts.from_data({**data, "colour": "red"})
    with pytest.raises(KeyError):
        ModelFacts.from_data({key: value for key, value in data.items() if key != "inputs"})
    with pytest.raises(BadManifest):
        ModelFacts.from_data({**data, "manifest": {}})


def test_islands_are_those_between() -> None:
    assert [tensor.name for tensor in FACTS.float_islands] == ["a"]


def test_the_exporters_reasons_go_first() -> None:
    known = manifest(float_tensors=(FloatTensor("a", "16 bits are not wide enough"),))
    found = with_reasons(FACTS.float_activations, known)
    assert [tensor.why for tensor in found] == ["16 bits are not wide enough", "out"]
    assert with_reasons(FACTS.float_activations, None) == FACTS.float_activations


def test_names_are_counted_most_frequent_first() -> None:
    assert list(counted(["b", "a", "c", "c"]).items()) == [("c", 2), ("a", 1), ("b", 1)]
    assert counted([]) == {}
