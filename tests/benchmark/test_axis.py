import pytest

from fv_benchmark.render.axis import Axis, latency_axis, nice_ticks, ticks_of


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 10.0, [0, 2, 4, 6, 8, 10]),
        (0.0, 0.93, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-1.3, 14.0, [-5, 0, 5, 10, 15]),
        (33.0, 49.0, [30, 35, 40, 45, 50]),
    ],
)
def test_ticks_are_round_and_enclose(low, high, ticks):
    assert nice_ticks(low, high) == pytest.approx(ticks)


def test_an_empty_span_has_ticks_all_the_same():
    assert nice_ticks(3.0, 3.0)[0] < 3.0 < nice_ticks(3.0, 3.0)[-1]


def test_values_stand_in_proportion_and_never_outside():
    axis = Axis(0.0, 10.0, 300.0, 100.0)
    assert [axis.at(value) for value in (0.0, 5.0, 10.0, -3.0, 99.0)] == [300.0, 200.0, 100.0, 300.0, 100.0]


def test_ticks_beyond_the_axis_are_left_out():
    assert [tick.text for tick in Axis(0.0, 9.0, 0.0, 90.0).ticks([0.0, 5.0, 10.0])] == ["0", "5"]


def test_a_far_slower_row_makes_the_axis_logarithmic():
    assert not latency_axis([1.0, 7.9], 0.9, 9.0, 0.0, 100.0).logarithmic
    axis = latency_axis([1.0, 30.0], 1.0, 100.0, 0.0, 100.0)
    assert axis.logarithmic
    assert [axis.at(value) for value in (1.0, 10.0, 100.0, 0.1, 999.0)] == [0.0, 50.0, 100.0, 0.0, 100.0]


def test_ticks_of_a_logarithmic_axis_are_one_two_and_five():
    axis = Axis(0.8, 60.0, 0.0, 100.0, logarithmic=True)
    assert [tick.text for tick in ticks_of(axis)] == ["1", "2", "5", "10", "20", "50"]
    assert [tick.text for tick in ticks_of(Axis(0.0, 10.0, 0.0, 100.0))] == ["0", "2", "4", "6", "8", "10"]
