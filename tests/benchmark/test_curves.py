from dataclasses import replace

import pytest

from fv_benchmark.curve import long_run
from fv_benchmark.device_doubts import COMPETED, THROTTLED
from fv_benchmark.render.curves import MAX_BINS, binned, plots
from fv_benchmark.render.html import html
from tests.benchmark.builders import report
from tests.benchmark.test_curve import WARM, run, slower


def with_run(slices):
    made = report()
    return replace(made, results=(replace(made.results[0], long_run=long_run(slices)), made.results[1]))


def points(text):
    return [tuple(float(number) for number in pair.split(",")) for pair in text.split(" ")]


def test_bins_hold_all_slices_and_are_not_too_many():
    found = binned(long_run(run(599)))
    assert len(found) == 200
    assert len(found) <= MAX_BINS
    assert (found[0].at_s, found[-1].to_s) == (0.0, 599.0)
    assert {round(one.median_ms, 6) for one in found} == {2.0}
    assert {round(one.calls_a_second) for one in found} == {500}


def test_a_slow_stretch_is_a_step_in_the_line_and_a_shade_behind_it():
    slices = [slower(one, 2, waited_share=0.5) if 40 <= one.at_s < 70 else one for one in run()]
    (plot,) = plots(with_run(slices))
    line = points(plot.panels[0].line)
    low, high = max(y for _, y in line), min(y for _, y in line)
    (shade,) = plot.shades
    assert shade.mark == COMPETED
    # Upwards is smaller y: inside the shade the line is high, outside it is low.
    for x, y in line:
        assert y == (high if shade.left < x < shade.right else low)


def test_only_what_the_machine_tells_has_a_panel():
    (plot,) = plots(with_run(run()))
    assert [panel.title.partition(",")[0] for panel in plot.panels] == [
        "median latency",
        "calls a second",
        "temperature",
        "clock",
    ]
    (plot,) = plots(with_run([replace(one, condition=None) for one in run()]))
    assert len(plot.panels) == 2


def test_there_is_no_plot_without_a_long_run():
    assert plots(report()) == []
    assert '<svg class="curve"' not in html(report())


def test_the_page_draws_every_point():
    hot = replace(WARM, throttled_bits=4)
    page = html(with_run([replace(one, condition=hot) if one.at_s > 400 else one for one in run(600)]))
    (start,) = [index for index in range(len(page)) if page.startswith('<polyline class="line" points="', index)][:1]
    drawn = page[start + len('<polyline class="line" points="') :].partition('"')[0]
    assert len(points(drawn)) == 200
    assert 'rect class="throttled"' in page
    assert THROTTLED in page


@pytest.mark.parametrize("seconds", [1, 7, 90, 3700])
def test_a_run_of_any_length_has_ticks(seconds):
    (plot,) = plots(with_run(run(seconds)))
    assert 1 <= len(plot.x_ticks) <= 12
    assert plot.x_ticks[0].text == "0:00"
