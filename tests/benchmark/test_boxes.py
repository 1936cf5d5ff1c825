import numpy as np

from fv_benchmark.render.boxes import LEFT, MAX_DOTS, MAX_NAME, RIGHT, WIDTH, latency_boxes
from fv_benchmark.run import Measured
from tests.benchmark.builders import block, measured, report


def row_of(samples_ns, name="food_fp32.tflite"):
    blocks = tuple(block(tuple(int(value) for value in part)) for part in np.array_split(samples_ns, 5))
    return Measured(measured(name, 1.0).candidate, blocks)


def test_quartiles_median_and_p90_stand_in_order_inside_the_plot():
    samples = np.random.default_rng(0).lognormal(14.0, 0.3, size=1_000)
    box = latency_boxes(report(row_of(samples))).rows[0]
    assert LEFT < box.left < box.median < box.right < box.p90 < WIDTH - RIGHT
    assert len(box.dots) <= MAX_DOTS
    assert min(x for x, _ in box.dots) <= box.left


def test_one_hiccup_does_not_press_the_rest_together():
    samples = np.full(1_000, 1e6)
    samples[500] = 90e6
    plot = latency_boxes(report(row_of(samples)))
    assert plot.hidden == 1
    assert plot.rows[0].median > 0.5 * (WIDTH - RIGHT)


def test_nothing_is_hidden_where_nothing_sticks_out():
    assert latency_boxes(report(row_of(np.full(1_000, 1e6)))).hidden == 0


def test_p90_is_absent_with_too_few_calls():
    plot = latency_boxes(report(row_of(np.full(50, 1e6))))
    assert plot.rows[0].p90 is None
    assert "p90 –" in plot.rows[0].text


def test_a_long_name_is_cut_where_it_is_drawn_only():
    name = f"{'x' * 60}_int8.tflite"
    box = latency_boxes(report(row_of(np.full(50, 1e6), name))).rows[0]
    assert (box.name, len(box.short_name)) == (name, MAX_NAME)
