import pytest

from fv_benchmark.render import words
from fv_benchmark.stats import Ratio
from tests.benchmark.builders import accuracy


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.00123, "0.0012"), (0.456, "0.456"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1234")],
)
def test_milliseconds_have_three_digits(value, text):
    assert words.ms(value) == text


def test_megabytes_are_millions_of_bytes():
    assert [words.megabytes(size) for size in (None, 700, 2_751_000, 21_400_000)] == ["–", "0.0007", "2.75", "21.4"]


def test_a_ratio_has_its_interval_and_the_reference_is_one():
    assert words.ratio(Ratio(0.447, (0.441, 0.472))) == "0.45 [0.44, 0.47]"
    assert words.ratio(Ratio(1.0, (1.0, 1.0))) == "1"
    assert words.ratio(Ratio(0.447, None)) == "0.45 [–]"


def test_what_was_not_measured_is_said():
    unpaired = accuracy(paired=False)
    assert words.top1(None) == words.drop(None) == words.drop(unpaired) == words.agreement(unpaired) == "not measured"


def test_accuracy_in_words():
    found = accuracy(80, 100, lost=10)
    assert words.top1(found) == "70.0 % [60.4, 78.1]"
    assert words.drop(found).startswith("+10.00 [+")
    assert words.agreement(found) == "90.0 %"


@pytest.mark.parametrize(("value", "text"), [(0.314, "+0.31"), (-0.125, "-0.12"), (0.001, "0.00"), (-0.001, "0.00")])
def test_a_zero_has_no_sign(value, text):
    assert words.signed(value) == text


def test_marks_are_superscripts():
    assert words.superscript(120) == "¹²⁰"
