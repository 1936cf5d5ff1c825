import re
from dataclasses import replace

import pytest

from fv_benchmark.gate import Budget, judge
from fv_benchmark.render import gate_html
from fv_core.imageset import ImageSet
from tests.benchmark.answers import image_set, pair
from tests.benchmark.test_html import HOSTILE, read


@pytest.fixture
def answered():
    return pair(lost=4, gained=2, still_wrong=3, alike=60)


@pytest.fixture
def imageset(tmp_path, answered) -> ImageSet:
    return image_set(tmp_path / "set", answered[1])


def test_the_page_is_whole_and_asks_nobody_for_anything(answered, imageset):
    page = gate_html.html(judge("x.tflite", *answered, Budget(1.0)), imageset)
    reader = read(re.sub(r"(<img [^>]*)>", r"\1/>", page))
    assert "script" not in reader.seen
    sources = [value for name, value in reader.attributes if name in ("src", "href")]
    assert sources
    assert all(value.startswith("data:image/jpeg;base64,") for value in sources)


def test_every_flipped_picture_is_shown_with_both_answers(answered, imageset):
    page = gate_html.html(judge("x.tflite", *answered, Budget(1.0)), imageset)
    assert page.count("<figure>") == 9
    assert page.count('title="picture/') == 9
    assert "✓ full: soup" in page
    assert "✗ file: rice" in page
    assert "Cannot tell" in page
    assert "the 60 of which" not in page


def test_a_grid_shows_the_first_and_says_how_many_there_are(imageset, answered, monkeypatch):
    monkeypatch.setattr(gate_html, "SHOWN", 2)
    found = judge("x", *answered, Budget(1.0))
    grids = gate_html.grids(found, imageset.split("validation"))
    assert [(one.kind, one.count, len(one.cards)) for one in grids] == [
        ("lost", 4, 2), ("gained", 2, 2), ("still wrong", 3, 2),
    ]  # fmt: skip
    assert "the 2 of which the full model was surest" in gate_html.html(found, imageset)


def test_the_picture_is_that_of_the_sample_id(answered, imageset):
    full, file = answered
    split = imageset.split("validation")
    turned = replace(split, ids=split.ids[::-1], images=split.images[::-1])
    found = judge("x", full, file, Budget(1.0))
    assert gate_html.grids(found, turned) == gate_html.grids(found, split)


def test_a_file_without_a_change_has_no_grid(tmp_path):
    full, file = pair(alike=500)
    page = gate_html.html(judge("x", full, file, Budget(1.0)), image_set(tmp_path / "same", file))
    assert "<figure>" not in page
    assert "Passes" in page


def test_a_hostile_name_stays_text(answered, imageset):
    page = gate_html.html(replace(judge("x", *answered, Budget(1.0)), name=HOSTILE), imageset)
    assert "<script>" not in page
    assert "\x1b" not in page


@pytest.mark.parametrize(("lost", "gained", "budget"), [(4, 2, 1.0), (0, 0, 8.0), (30, 0, 0.5), (0, 30, 0.0)])
def test_budget_and_bounds_stand_on_the_line_in_order(lost, gained, budget):
    plot = gate_html.plot(judge("x", *pair(lost=lost, gained=gained, alike=60), Budget(budget)))
    assert plot.low < plot.estimate < plot.high
    assert all(0 <= value <= plot.width for value in (plot.low, plot.high, plot.budget, plot.zero))
    assert (plot.budget > plot.high) is (budget >= high_pp(lost, gained))


def high_pp(lost, gained):
    return judge("x", *pair(lost=lost, gained=gained, alike=60), Budget(0.0)).bounds.high_pp
