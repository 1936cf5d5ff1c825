from __future__ import annotations

from fv_edge_runtime import tflite_names


def test_the_tables_are_those_of_the_schema() -> None:
    from ai_edge_litert import schema_py_generated as schema

    operators = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    assert dict(enumerate(tflite_names.OPERATORS)) == operators
    types = {code: name.lower() for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
    assert {code: name for code, (name, _) in enumerate(tflite_names.TYPES)} == types


def test_numbers_that_are_not_in_the_schema_stay_numbers() -> None:
    assert tflite_names.operator_name(3) == "CONV_2D"
    assert tflite_names.operator_name(9999) == "OPERATOR_9999"
    assert tflite_names.operator_name(-1) == "OPERATOR_-1"
    assert tflite_names.type_name(9) == "int8"
    assert (tflite_names.type_name(99), tflite_names.type_bits(99)) == ("type_99", 0)
