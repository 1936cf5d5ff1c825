import pytest

from fv_benchmark.condition import Condition
from fv_benchmark.cooling import is_cool, wait_until_cool
from fv_core.progress import Silent

START = Condition(temperature_c=45.0, throttled_bits=0)


class Oven:
    """Cools by a degree a second; sleeping is what makes time pass."""

    def __init__(self, temperature_c):
        self.temperature_c, self.now_s = temperature_c, 0.0

    def read(self):
        return Condition(temperature_c=self.temperature_c - self.now_s, throttled_bits=0)

    def sleep(self, seconds):
        self.now_s += seconds

    def wait(self, limit_s):
        return wait_until_cool(self.read, START, limit_s, Silent(), lambda: self.now_s, self.sleep)


def test_it_waits_until_the_machine_is_as_cool_as_at_the_start():
    found = Oven(60.0).wait(300.0)
    assert (found.waited_s, found.temperature_c, found.is_cool) == (12.0, 48.0, True)


def test_a_cool_machine_is_not_waited_for():
    assert Oven(46.0).wait(300.0).waited_s == 0.0


def test_the_wait_has_an_end():
    found = Oven(90.0).wait(5.0)
    assert (found.waited_s, found.is_cool) == (5.0, False)


def test_nobody_waits_for_a_machine_that_tells_nothing():
    found = wait_until_cool(Condition, Condition(), 300.0, Silent(), lambda: 0.0, lambda _: pytest.fail("it slept"))
    assert (found.waited_s, found.temperature_c, found.is_cool) == (0.0, None, None)


@pytest.mark.parametrize(
    ("now", "cool"),
    [
        (Condition(temperature_c=48.0), True),
        (Condition(temperature_c=48.1), False),
        (Condition(temperature_c=40.0, throttled_bits=0b100), False),
        (Condition(throttled_bits=0), True),
        (Condition(throttled_bits=1), False),
        (Condition(clock_mhz=2400.0), None),
    ],
)
def test_what_is_cool(now, cool):
    assert is_cool(now, START) is cool
