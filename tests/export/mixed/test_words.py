from __future__ import annotations

from dataclasses import replace

from fv_benchmark.stats import Ratio
from fv_export.mixed import words
from fv_export.mixed.outcome import Timed
from tests.export.mixed.outcomes import outcome


def test_the_answer_in_a_sentence() -> None:
    assert words.sentence(outcome()) == (
        "within 0.2 points: drop +0.10 [-0.50, +0.70] points on the 2,020 pictures that did not choose; "
        "plain int8: +0.40 [-0.20, +1.00]"
    )
    assert words.sentence(outcome(0.3)).startswith("cannot tell whether within 0.2 points: drop +0.30")
    assert words.sentence(outcome(0.9)).startswith("not within 0.2 points: drop +0.90")


def test_what_was_promised_before_the_report() -> None:
    assert words.promise(outcome()) == (
        "assurance 83%: so probably do 2,020 other pictures show a drop within 0.2 points, told from the 2,020 that "
        "chose; 80% was wanted"
    )
    assert words.promise(outcome(reached=False)).endswith(
        "no mixture of layers has the 80% that was wanted, and of those within 3 points of the surest this one has the "
        "fewest in float"
    )


def test_where_plain_int8_will_do_nothing_was_chosen() -> None:
    plain = replace(outcome(), restored=(), chosen=1, assurance=None)
    assert words.sentence(plain).endswith("plain int8 is within the target on both halves")
    assert words.promise(plain) == "nothing had to be chosen on the 2,020 pictures that choose"


def test_what_is_left_in_integers_and_what_it_costs() -> None:
    assert words.composition(outcome()) == (
        "2 layers restored to float, 80.0% of the multiply-adds in 8 bits, 1.20 MB, 1.00 ms (0.83 [0.80, 0.87] × float)"
        " on Test CPU, 1 thread"
    )
    assert " ms" not in words.composition(outcome(latency_ms=None))


def test_the_chosen_row_is_marked_and_absent_is_not_zero() -> None:
    rows = words.frontier_table(outcome()).rows
    assert [row[0].startswith("→ ") for row in rows] == [False, False, True, False]
    assert rows[0][1] == "–"
    assert {row[4] for row in words.frontier_table(outcome(latency_ms=None)).rows} == {"–"}


def test_the_layers_share_the_blame() -> None:
    assert words.layers_table(outcome()).rows == (
        ("conv", "1.50", "75%", "+21"),
        ("logits", "0.50", "25%", "-3"),
    )


def test_a_timing_claims_no_more_than_its_interval() -> None:
    def said(low: float, high: float) -> str:
        return words.timing(Timed(0.9, 1.0, Ratio(0.9, (low, high)), "Test CPU", ()))

    assert said(0.85, 0.95).startswith(
        "faster than float: 0.900 ms, 0.90 [0.85, 0.95] × the 1.00 ms of fp32 on Test CPU"
    )
    assert said(1.02, 1.2).startswith("slower than float")
    assert "as far as these calls can tell" in said(0.9, 1.1)


def test_the_effort_tells_what_was_there_already() -> None:
    assert words.effort(outcome()) == "31 mixtures tried; 12 results computed, 150 remembered"
