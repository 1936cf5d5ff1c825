from __future__ import annotations

import re
from dataclasses import replace

import pytest

from fv_export.layer_html import html
from fv_export.layer_reasons import Reason
from fv_export.layer_stats import Ends
from fv_export.layers import LayerReport, TensorReport
from tests.export.test_layer_reasons import PLAIN


def tensor(name: str, damage: float) -> TensorReport:
    reason = Reason("too-coarse", f"too coarse: {name}", f"fv export RUN --int8 --keep-float '{name}'")
    return TensorReport(name, "Conv", (1, 8, 8, 64), damage, replace(PLAIN, shares=(0.5, 0.0, 0.5)), reason)


def report(*tensors: TensorReport) -> LayerReport:
    order = ("image", *sorted(one.name for one in tensors), "lost")
    return LayerReport(
        model="m_int8.tflite",
        full="full",
        scheme="int8",
        runtime="r 1",
        pictures=12,
        split="validation",
        agreement=0.9,
        answer_snr_db=20.0,
        predicted_snr_db=19.0,
        tensors=tensors,
        unmatched=("lost",),
        order=order,
        reads={name: (order[place],) for place, name in enumerate(order[1:])},
        notes=("a note",),
    )


def test_the_page_names_the_worst_and_the_cure_and_loads_nothing() -> None:
    page = html(report(tensor("b", 0.6), tensor("a", 0.4)))
    assert "1. b" in page
    assert "60.0 %" in page
    assert "fv export RUN --int8 --keep-float &#39;b&#39;" in page
    assert "a note" in page
    assert "not in the file by this name" in page
    assert page.count('class="node"') == 4
    assert not re.search(r"<script|https?://|<link|url\(", page)


def test_only_ten_are_shown_in_full_and_all_are_drawn() -> None:
    page = html(report(*(tensor(f"t{number:02}", 1 / 12) for number in range(12))))
    assert page.count("<h3>") == 10
    assert page.count('class="node"') == 14


def test_names_are_escaped() -> None:
    page = html(report(tensor("<script>alert(1)</script>", 1.0)))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("stored", [None, Ends(0.0, 0.0)])
def test_a_tensor_without_a_range_is_drawn_without_ends(stored: Ends | None) -> None:
    one = tensor("a", 0.0)
    plain = replace(one, figures=replace(one.figures, stored=stored, span=Ends(0.0, 0.0)))
    page = html(replace(report(plain), answer_snr_db=None, predicted_snr_db=None))
    assert "not shown" in page
    assert ('class="end"' in page) == (stored is not None)
