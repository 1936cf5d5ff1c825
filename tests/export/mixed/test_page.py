from __future__ import annotations

from dataclasses import replace

import pytest

from fv_benchmark.render.scatter import BOTTOM, HEIGHT, TOP
from fv_export.mixed.page import CHOSEN, html, plots
from tests.export.mixed.outcomes import outcome


def test_the_page_shows_the_answer_both_plots_and_the_layers() -> None:
    page = html(outcome(), "food_int8.tflite")
    for text in ("Within 0.2 points", "Latency and drop", "Size and drop", "Layers restored to float", "logits"):
        assert text in page
    assert 'class="passes"' in page
    assert "<script" not in page
    assert "http" not in page


def test_each_answer_has_its_colour() -> None:
    assert 'main class="cannot"' in html(outcome(0.3), "a")
    assert 'main class="refuses"' in html(outcome(0.9), "a")


def test_names_are_text_and_never_markup() -> None:
    page = html(outcome(), "<img src=x>.tflite")
    assert "<img" not in page
    assert "&lt;img" in page


def test_the_chosen_point_is_marked_in_every_plot() -> None:
    for plot in plots(outcome()):
        assert [point.datum.kind for point in plot.points] == ["fp32", "int8", CHOSEN, "dynamic"]


def test_without_latencies_there_is_one_plot() -> None:
    assert [plot.title for plot in plots(outcome(latency_ms=None))] == ["Size and drop"]


@pytest.mark.parametrize("target", [0.05, 0.2, 0.5])
def test_the_target_stands_between_zero_and_the_top(target: float) -> None:
    page = html(replace(outcome(), target_pp=target), "a")
    line = next(line for line in page.splitlines() if 'class="target"' in line)
    height = float(line.split('y1="')[1].split('"')[0])
    zero = plots(outcome())[0].zero_y
    assert zero is not None
    assert TOP < height < zero < HEIGHT - BOTTOM
