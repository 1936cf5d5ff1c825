from __future__ import annotations

from pathlib import Path

import pytest

from fv_edge_runtime.partitions import outside_operators
from fv_edge_runtime.tflite_file import TfliteFile, read_tflite
from tests.edge_runtime.tiny_models import Model, Tensor, quantized_model

CHAIN = [("ADD", "int8"), ("HARD_SWISH", "int8"), ("LOGISTIC", "int8"), ("MUL", "int8"), ("DEQUANTIZE", "float32")]


def chain(operators: list[tuple[str, str]], tmp_path: Path) -> TfliteFile:
    """Tensor i goes through operator i and becomes tensor i + 1."""
    tensors = [
        Tensor("t0", (1, 4), "int8"),
        *(Tensor(f"t{i + 1}", (1, 4), kind) for i, (_, kind) in enumerate(operators)),
    ]
    steps = [(name, [number], [number + 1]) for number, (name, _) in enumerate(operators)]
    path = tmp_path / "m.tflite"
    path.write_bytes(Model(tensors, steps, [0], [len(operators)]).to_bytes())
    return read_tflite(path)


def test_without_a_delegate_all_are_outside(tmp_path: Path) -> None:
    assert len(outside_operators(chain(CHAIN, tmp_path), [])) == 5


def test_one_partition_of_everything_leaves_none(tmp_path: Path) -> None:
    assert outside_operators(chain(CHAIN, tmp_path), [((0,), (5,))]) == ()


def test_what_stands_between_two_partitions_is_found(tmp_path: Path) -> None:
    found = outside_operators(chain(CHAIN, tmp_path), [((0,), (1,)), ((2,), (4,))])
    assert [(one.operator, one.dtype, one.output) for one in found] == [
        ("HARD_SWISH", "int8", "t2"),
        ("DEQUANTIZE", "float32", "t5"),
    ]


def test_a_partition_with_several_results_contains_all_that_leads_to_them(tmp_path: Path) -> None:
    found = outside_operators(chain(CHAIN, tmp_path), [((0,), (2, 4))])
    assert [one.operator for one in found] == ["DEQUANTIZE"]


@pytest.mark.parametrize(
    ("operator", "dtype", "why"),
    [
        ("HARD_SWISH", "int8", "no int8 kernel"),
        ("HARD_SWISH", "float32", "not in fv's table"),
        ("DEQUANTIZE", "float32", "expected"),
        ("SOFTMAX", "float32", "expected"),
        ("SHAPE", "int32", "the batch is free"),
        ("CUSTOM:X", "float32", "custom operator"),
        ("ADD", "int16", "16-bit"),
        ("QUANTIZE", "uint8", "uint8 into int8"),
        ("FULLY_CONNECTED", "float32", "int8 weights"),
        ("CUMSUM", "float32", "not in fv's table"),
    ],
)
def test_the_reason_fits_the_operator(operator: str, dtype: str, why: str, tmp_path: Path) -> None:
    (found,) = outside_operators(chain([(operator, dtype)], tmp_path), [])
    assert why in found.why


def test_the_first_quantize_of_raw_bytes_is_expected(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(quantized_model().to_bytes())
    first = outside_operators(read_tflite(tmp_path / "m.tflite"), [])[0]
    assert (first.operator, first.dtype) == ("QUANTIZE", "int8")
    assert "expected" in first.why


def test_a_runtime_that_delegates_no_int8_is_the_reason(tmp_path: Path) -> None:
    found = outside_operators(chain(CHAIN, tmp_path), [], delegates_int8=False)
    assert ["float operators only" in one.why for one in found] == [True, True, True, True, False]
