import json

import pytest

from fv_benchmark.gate import Budget, judge
from fv_benchmark.gate_record import provable_pp, record, summary
from tests.benchmark.answers import FINGERPRINT, pair


def test_the_record_has_the_figures_and_every_flipped_picture():
    found = judge("x.tflite", *pair(lost=30, gained=5, still_wrong=2, alike=963), Budget(2.5), ("beware",))
    data = json.loads(json.dumps(record(found), allow_nan=False))
    assert (data["schema_version"], data["file"], data["decision"], data["exit_code"]) == (
        1, "x.tflite", "cannot tell", 4,
    )  # fmt: skip
    assert data["top1"]["drop_pp"] == 2.5
    assert data["bounds_pp"][0] < 2.5 < data["bounds_pp"][1]
    assert (data["split"], data["dataset_sha256"], data["pictures"]) == ("validation", FINGERPRINT, 1_000)
    assert data["doubts"] == ["beware"]
    assert len(data["flipped_pictures"]) == data["flipped"] == 37
    assert data["flipped_pictures"][0]["full_answer"] == "soup"


def test_without_a_number_that_decides_there_is_none():
    on_the_budget = summary(judge("x", *pair(lost=30, gained=5, alike=965), Budget(2.5)))
    assert on_the_budget["pictures_needed"] is None
    beside = summary(judge("x", *pair(lost=30, gained=5, alike=965), Budget(2.4)))
    assert beside["pictures_needed"] < beside["pictures_needed_likely"]


def test_the_smallest_budget_that_is_proved_is_proved():
    full, file = pair(lost=12, gained=9, alike=979)
    found = judge("x", full, file, Budget(5.0))
    assert provable_pp(found) == pytest.approx(found.bounds.high_pp, abs=0.01)
    assert judge("x", full, file, Budget(provable_pp(found))).decision.value == "passes"
    assert judge("x", full, file, Budget(provable_pp(found) - 0.01)).decision.value == "cannot tell"
    assert provable_pp(judge("x", *pair(gained=60, alike=940), Budget(5.0))) == 0.0
