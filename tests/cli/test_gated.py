"""What the gate prints, whole."""

from __future__ import annotations

import pytest

from fv_benchmark.gate import Budget, judge
from fv_cli import gated
from tests.benchmark.answers import pair

EXPECTED = """\
Accuracy gate: at most 1 point of top-1 lost, sure to 95 %, on 2,000 pictures of the validation split of image set \
fefefefefefe

 file             top-1   drop pp [95 %]  bounds, each 95 %  McNemar p  top-5 drop pp [95 %]  agreement  calibration \
error, change pp [95 %]  gate
"""


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and "───" not in line]


def test_nothing_is_printed_about_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    gated.show([])
    assert capsys.readouterr().out == ""


def test_the_question_a_row_a_file_and_what_to_make_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        judge("a.tflite", *pair(lost=10, gained=9, alike=1_981), Budget(1.0), ("the drop flatters",)),
        judge("b.tflite", *pair(lost=90, gained=9, alike=1_901), Budget(1.0), ("the drop flatters",)),
    ]
    gated.show(found)
    said = lines(capsys.readouterr().out)
    assert said[:2] == lines(EXPECTED)
    assert said[2].startswith("a.tflite 99.55 % → 99.50 % +0.05 [")
    assert said[2].endswith("passes")
    assert said[3].endswith("refuses")
    assert said[4].startswith("a.tflite passes: it loses at most 0.44 points")
    assert said[5] == "19 pictures get two answers: 10 lost, 9 gained, 0 wrong either way"
    assert said[6].startswith("lost most: ")
    assert said[7].startswith("b.tflite refused: it loses at least 3.29 points")
    assert said[-1] == "! the drop flatters"
    assert len(said) == 11
