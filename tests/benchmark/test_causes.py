from dataclasses import replace

from fv_benchmark.causes import NOT_KNOWN, cause_of_spread
from fv_benchmark.condition import Condition
from tests.benchmark.builders import block

FAST, SLOW = block((1_000_000,) * 30), block((1_200_000,) * 30)


def at(one, **condition):
    return replace(one, after=Condition(**condition))


def test_what_the_machine_does_not_tell_is_not_guessed():
    assert cause_of_spread([FAST, SLOW]) == NOT_KNOWN


def test_throttling_is_named():
    found = cause_of_spread([FAST, at(SLOW, throttled_bits=4), SLOW])
    assert found == "1 of the 2 slow ones were throttled"


def test_a_lower_clock_is_named():
    found = cause_of_spread([at(FAST, clock_mhz=2400.0), at(SLOW, clock_mhz=1800.0)])
    assert found == "the clock was at 1800 MHz in the slow ones, 2400 MHz in the others"


def test_an_equal_clock_explains_nothing():
    assert cause_of_spread([at(FAST, clock_mhz=2400.0), at(SLOW, clock_mhz=2390.0)]) == NOT_KNOWN


def test_another_program_is_named():
    found = cause_of_spread([FAST, replace(SLOW, waited_share=0.31)])
    assert found == "other programs held the core for up to 31% of a slow one's time"


def test_what_happened_to_a_fast_one_explains_nothing():
    hot = replace(FAST, waited_share=0.5, before=Condition(throttled_bits=4))
    assert cause_of_spread([hot, SLOW]) == NOT_KNOWN


def test_several_causes_are_all_named():
    found = cause_of_spread([FAST, replace(at(SLOW, throttled_bits=1), waited_share=0.2)])
    assert found.count(";") == 1
