from __future__ import annotations

import pytest

from fv_core.errors import UnknownName
from fv_export.errors import SchemeRefused
from fv_export.post_training import METHODS
from fv_export.schemes import FORMATS, SCHEMES, Pair, check_pair, why_not


@pytest.mark.parametrize("name", SCHEMES)
def test_a_row_is_complete_and_consistent(name: str) -> None:
    scheme = SCHEMES[name]
    assert scheme.name == name
    assert scheme.source
    assert scheme.effect
    assert scheme.calibration in METHODS
    assert scheme.needs_calibration == (scheme.activations != "float")
    assert (scheme.weights == "int8") == (scheme.weight_bits == 8)
    assert (scheme.largest_difference is None) == (scheme.weights == "int8")
    assert any(why_not(Pair(format_name, name)) is None for format_name in FORMATS)


def test_there_are_nine_pairs() -> None:
    pairs = [Pair(format_name, name) for format_name in FORMATS for name in SCHEMES]
    assert [pair for pair in pairs if why_not(pair)] == [Pair("onnx", "int16x8")]
    for pair in pairs:
        if not why_not(pair):
            check_pair(pair)


def test_a_pair_that_does_not_exist_is_refused_with_the_reason() -> None:
    with pytest.raises(SchemeRefused) as caught:
        check_pair(Pair("onnx", "int16x8"))
    assert "no kernels" in caught.value.why
    assert caught.value.hint == "fv export --int16x8 --format tflite"


@pytest.mark.parametrize("pair", [Pair("tflite", "int4"), Pair("coreml", "int8")])
def test_unknown_names_are_refused(pair: Pair) -> None:
    with pytest.raises(UnknownName):
        check_pair(pair)
