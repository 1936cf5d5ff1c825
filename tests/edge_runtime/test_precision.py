from __future__ import annotations

import pytest

from fv_edge_runtime.precision import Precision, counted_precisions, remarks_on_name, scheme_of
from tests.edge_runtime.tiny_models import manifest

FLOAT, INT8, DYNAMIC = Precision("float32", "float32"), Precision("int8", "int8"), Precision("int8", "float32")
INT16, HALF = Precision("int8", "int16"), Precision("float16", "float32")


@pytest.mark.parametrize(
    ("found", "scheme"),
    [
        ([FLOAT, FLOAT], "fp32"),
        ([HALF], "fp16"),
        ([INT8, Precision("uint8", "uint8"), Precision("int4", "int8")], "int8"),
        ([DYNAMIC, FLOAT], "dynamic"),
        ([INT16], "int16x8"),
        ([INT8, FLOAT], "mixed"),
        ([], "no layers with weights"),
    ],
)
def test_the_scheme_is_told_from_the_layers(found: list[Precision], scheme: str) -> None:
    assert scheme_of(found) == scheme


def test_precisions_are_counted() -> None:
    assert counted_precisions([INT8, DYNAMIC, INT8]) == {"int8 x int8": 2, "int8 x float32": 1}


@pytest.mark.parametrize("name", ["m_int8.tflite", "int8.onnx", "net-uint8-v2.tflite", "m_full_integer_quant.tflite"])
def test_a_dynamic_file_named_int8_is_found_out(name: str) -> None:
    (remark,) = remarks_on_name(name, None, [DYNAMIC])
    assert remark.about == "not-int8"
    assert remark.text.startswith("its name says int8, but only its weights are: it is a dynamic-range file")


def test_a_float_file_named_int8_is_found_out() -> None:
    (remark,) = remarks_on_name("m_int8.tflite", None, [FLOAT])
    assert remark.text.endswith("none of its 1 layers with weights computes in 8 bits: it is fp32")


def test_a_manifest_that_says_int8_is_held_to_it() -> None:
    (remark,) = remarks_on_name("m.tflite", manifest(scheme="int8"), [DYNAMIC])
    assert remark.text.startswith("its manifest says int8")


@pytest.mark.parametrize(
    "name", ["m.tflite", "point8.tflite", "m_dynamic_int8.tflite", "m_int16x8.tflite", "print8.onnx"]
)
def test_a_name_that_promises_nothing_is_left_alone(name: str) -> None:
    assert list(remarks_on_name(name, None, [DYNAMIC])) == []


def test_an_int8_file_named_int8_is_left_alone() -> None:
    assert list(remarks_on_name("m_int8.tflite", manifest(scheme="int8"), [INT8, FLOAT])) == []
