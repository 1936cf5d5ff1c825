import pytest

from fv_benchmark.gate import Budget, judge
from fv_benchmark.render import gate_words
from tests.benchmark.answers import pair


def judged(budget=1.0, **kinds):
    return judge("x_int8.tflite", *pair(**kinds), Budget(budget))


def test_the_question_is_said_whole():
    pictures = "2,000 pictures of the validation split of image set fefefefefefe"
    assert gate_words.question(judged(alike=2_000)) == f"at most 1 point of top-1 lost, sure to 95 %, on {pictures}"


def test_the_three_answers_are_said_with_what_they_rest_on():
    assert gate_words.answer(judged(lost=10, gained=9, alike=1_981)) == (
        "passes: it loses at most 0.44 points, within the budget of 1; 2,000 pictures prove no smaller budget than 0.44"
    )
    assert gate_words.answer(judged(lost=90, gained=9, alike=1_901)) == (
        "refused: it loses at least 3.29 points, more than the budget of 1"
    )
    assert gate_words.answer(judged(lost=30, gained=20, alike=1_950)) == (
        "cannot tell: it loses between -0.08 and 1.11 points, and the budget of 1 lies between; if the measured drop "
        "of 0.50 is the true one, about 2,900 pictures would pass it with an even chance, 9,200 with 90 %; "
        "2,000 pictures prove no smaller budget than 1.11"
    )


def test_a_doubt_that_leans_to_a_refusal_says_so():
    assert "would refuse it" in gate_words.answer(judged(lost=50, gained=20, alike=1_930))


def test_a_set_too_small_to_know_the_drop_says_what_a_lossless_file_would_need():
    said = gate_words.answer(judged(lost=10, gained=5, alike=385))
    assert "if in truth it loses nothing, about 1,100 would pass it" in said
    assert "in truth" not in gate_words.answer(judged(lost=5, gained=10, alike=385))


def test_an_estimate_on_the_budget_is_decided_by_no_number():
    said = gate_words.answer(judged(lost=40, gained=20, alike=1_940))
    assert "no number of pictures decides while the measured drop of 1.00 sits on the budget" in said


def test_a_file_that_is_surely_better_is_said_to_gain():
    assert "it gains at least" in gate_words.answer(judged(gained=60, alike=1_940))


def test_flipped_pictures_and_classes_are_counted_in_words():
    found = judged(lost=14, gained=2, still_wrong=3, alike=981)
    assert gate_words.flipped(found) == "19 pictures get two answers: 14 lost, 2 gained, 3 wrong either way"
    assert gate_words.lost_most(found).startswith("lost most: cake -2 of")
    assert gate_words.lost_most(found).endswith("none more than the chance of 7 classes")
    nothing = judged(alike=100)
    assert gate_words.flipped(nothing) == "no picture gets two answers"
    assert gate_words.lost_most(nothing) == "no class lost more pictures than it gained"


def test_the_table_has_a_row_a_file():
    table = gate_words.figures((judged(lost=10, alike=990), judged(lost=1, alike=999)))
    assert [row[0] for row in table.rows] == ["x_int8.tflite"] * 2
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert table.rows[0][1:3] == ("100.00 % → 99.00 %", "+1.00 [+0.32, +1.67]")


@pytest.mark.parametrize(
    ("count", "text"), [(7, "7"), (99, "99"), (101, "110"), (2_641, "2,700"), (80_240, "81,000"), (100, "100")]
)
def test_an_estimate_is_rounded_up_to_two_digits(count, text):
    assert gate_words.rounded(count) == text
