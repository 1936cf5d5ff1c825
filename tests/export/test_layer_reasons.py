from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fv_core.manifest import Calibration
from fv_export.layer_reasons import reason_for
from fv_export.layer_stats import Ends, Figures
from fv_export.provenance import FINE_TUNED
from tests.edge_runtime.tiny_models import manifest

NONE = Ends(0.0, 0.0)
# A tensor of 64 channels whose range [0, 10] is used: rounding is all of its error.
PLAIN = Figures(
    sqnr_db=20.0,
    own_sqnr_db=35.0,
    cosine=0.99,
    gain=1.0,
    stored=Ends(0.0, 10.0),
    step=0.04,
    values=Ends(0.0, 10.0),
    core=Ends(0.0, 9.0),
    cut_off=NONE,
    at_end=NONE,
    expected_at_end=NONE,
    clipped_parts=NONE,
    shifted_part=0.0,
    rounding_part=1.0,
    channels=64,
    dead=0,
    died=0,
    wide=30,
    typical=0.5,
    span=Ends(0.0, 10.0),
    shares=(1.0,),
)
BY_DISTURBANCE = manifest(scheme="int8", calibration=Calibration("0", "train", 200, 0, "disturbance", "0"))
LEARNT = manifest(
    scheme="int8",
    calibration=Calibration("0", "train", 200, 0, f"disturbance, {FINE_TUNED} for 180 steps on 0123456789ab", "0"),
)
BY_MINMAX = manifest(scheme="int8", calibration=Calibration("0", "train", 200, 0, "minmax", "0"))
KEEP = "fv export RUN --int8 --keep-float 'conv_1'"
FINETUNE = "fv export RUN --int8 --finetune"


@pytest.mark.parametrize(
    ("changes", "kind", "words", "cure"),
    [
        ({}, "too-coarse", "too coarse: its range [0, 10] is used, and 8 bits leave 35 dB; a step is 0.04", KEEP),
        ({"gain": 98.7}, "other-weights", "98.7 times what the full model's layer makes", "fv export RUN --int8"),
        ({"gain": 0.5}, "other-weights", "0.5 times", "fv export RUN --int8"),
        (
            {"at_end": Ends(0.4, 0.3), "expected_at_end": Ends(0.4, 0.0)},
            "other-weights",
            "it saturates, 40% of its values at the low and 30% at the high end",
            "fv export RUN --int8",
        ),
        ({"own_sqnr_db": 71.0}, "fine", "71 dB below its values", ""),
        (
            {"clipped_parts": Ends(0.0, 0.9), "cut_off": Ends(0.2, 0.01), "values": Ends(0.0, 30.0)},
            "too-narrow",
            "too narrow: 1.00% of its values lie above 10 and are cut off, as far as 30",
            FINETUNE,
        ),
        (
            {"clipped_parts": Ends(0.9, 0.0), "cut_off": Ends(0.02, 0.0), "values": Ends(-5.0, 10.0)},
            "too-narrow",
            "2.00% of its values lie below 0 and are cut off, as far as -5",
            FINETUNE,
        ),
        ({"shifted_part": 0.7}, "bias-shift", "the means of its channels are off, 70% of its error", FINETUNE),
        (
            {"typical": 0.05, "wide": 2},
            "few-channels",
            "few channels dominate: 2 of 64 need more than half of the range, the median one 5% of it",
            KEEP,
        ),
        (
            {"core": Ends(0.0, 2.0)},
            "one-sided-tail",
            "one-sided tail: 99.8 % of its values lie in [0, 2], the range goes up to 10; a step is 0.04",
            KEEP,
        ),
        (
            {"core": Ends(0.0, 2.0), "stored": Ends(-9.0, 10.0)},
            "too-wide",
            "too wide: 99.8 % of its values lie in [0, 2], the range is [-9, 10]",
            FINETUNE,
        ),
        ({"rounding_part": 0.1}, "weights", "its weights in 8 bits: 90% of its error is theirs", FINETUNE),
        ({"stored": None, "step": None, "rounding_part": 0.0}, "weights", "100% of its error is theirs", FINETUNE),
    ],
)
def test_the_reason_and_the_cure(changes: dict[str, Any], kind: str, words: str, cure: str) -> None:
    found = reason_for("conv_1", replace(PLAIN, **changes), "int8", BY_DISTURBANCE)
    assert found.kind == kind
    assert words in found.text
    assert found.cure == cure


@pytest.mark.parametrize(
    "changes",
    [{"core": Ends(0.0, 2.0)}, {"typical": 0.05, "wide": 2}, {"clipped_parts": Ends(0.0, 0.9)}],
)
def test_where_the_ranges_were_not_chosen_the_default_way_that_comes_first(changes: dict[str, Any]) -> None:
    assert reason_for("conv_1", replace(PLAIN, **changes), "int8", BY_MINMAX).cure == "fv export RUN --int8"


@pytest.mark.parametrize(
    "changes",
    [{"core": Ends(0.0, 2.0)}, {"clipped_parts": Ends(0.0, 0.9)}, {"shifted_part": 0.7}, {"rounding_part": 0.1}],
)
def test_a_fine_tuned_file_is_not_to_be_fine_tuned_again(changes: dict[str, Any]) -> None:
    assert reason_for("conv_1", replace(PLAIN, **changes), "int8", LEARNT).cure == KEEP


def test_other_schemes_have_their_own_cures() -> None:
    assert reason_for("t", replace(PLAIN, clipped_parts=Ends(0.0, 0.9)), "int16x8", None).cure == (
        "fv export RUN --int16x8 --calibration-samples 400"
    )
    assert reason_for("t", replace(PLAIN, rounding_part=0.0), "dynamic", None).cure == (
        "fv export RUN --dynamic --keep-float 't'"
    )
    assert reason_for("t", replace(PLAIN, gain=2.0), "int16x8", None).cure == "fv export RUN --int16x8"


def test_a_mean_that_was_moved_on_purpose_is_no_fault() -> None:
    shifted = replace(PLAIN, shifted_part=0.7)
    found = reason_for("conv_1", shifted, "int8", BY_DISTURBANCE, ("conv_1",))
    assert found.kind == "answer-bias"
    assert "moved on purpose" in found.text
    assert found.cure == ""
    assert reason_for("conv_2", shifted, "int8", BY_DISTURBANCE, ("conv_1",)).kind == "bias-shift"
