"""What a device answers is a stranger's: every field is checked, forged and oversized answers are refused."""

import copy

import pytest

from fv_benchmark.condition import Condition
from fv_benchmark.errors import BadAnswer
from fv_benchmark.protocol import Protocol
from fv_benchmark.targets._block import block_from, sustained_from

PROTOCOL = Protocol(max_calls=100)
CONDITION = {"temperature_c": 50.5, "clock_mhz": 2400, "governor": "ondemand", "throttled_bits": 0, "load": 0.5}
BLOCK = {
    "init_ns": 1,
    "first_ns": 2,
    "warm_up_calls": 3,
    "steady": True,
    "samples_ns": [10, 11],
    "peak_memory_bytes": None,
    "runtime": "ai-edge-litert 2.3.0",
    "before": CONDITION,
    "after": None,
    "waited_share": 0.01,
    "energy_uj": 3.5,
}
SLICE = {"at_s": 0.0, "seconds": 1.0, "calls": 2, "samples_ns": [10, 11], "condition": CONDITION, "waited_share": 0.0}
RUN = {"runtime": "onnxruntime 1.31.1", "slices": [SLICE, {**SLICE, "at_s": 1.0}]}

FORGED = {
    "nothing": lambda block: block.clear(),
    "a missing field": lambda block: block.pop("init_ns"),
    "an unknown field": lambda block: block.update(surprise=1),
    "a text for a number": lambda block: block.update(init_ns="1"),
    "a negative time": lambda block: block.update(first_ns=-1),
    "a time beyond all time": lambda block: block.update(init_ns=1 << 70),
    "no samples": lambda block: block.update(samples_ns=[]),
    "a sample of nothing": lambda block: block.update(samples_ns=[0]),
    "a sample beyond all time": lambda block: block.update(samples_ns=[1 << 60]),
    "more samples than asked for": lambda block: block.update(samples_ns=[1] * 101),
    "samples that are text": lambda block: block.update(samples_ns="111"),
    "samples that are not a number": lambda block: block.update(samples_ns=[float("nan")]),
    "a condition that is a list": lambda block: block.update(before=[1, 2]),
    "a condition with more": lambda block: block.update(before={**CONDITION, "evil": 1}),
    "an endless temperature": lambda block: block.update(before={**CONDITION, "temperature_c": float("inf")}),
    "a temperature of a star": lambda block: block.update(before={**CONDITION, "temperature_c": 1e308}),
    "a clock that runs backwards": lambda block: block.update(before={**CONDITION, "clock_mhz": -1.0}),
    "more than all of its time": lambda block: block.update(waited_share=1.5),
    "a yes for a count": lambda block: block.update(warm_up_calls=True),
    "a summary in place of calls": lambda block: block.update(summary={"calls": 1}),
}


def test_an_honest_block_is_read():
    found = block_from(copy.deepcopy(BLOCK), PROTOCOL)
    assert (found.samples_ns, found.before, found.after) == ((10, 11), Condition(**CONDITION), None)


def test_a_release_before_conditions_is_read():
    old = {key: BLOCK[key] for key in list(BLOCK)[:7]}
    assert block_from(old, PROTOCOL).waited_share is None


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_block_is_refused(name):
    block = copy.deepcopy(BLOCK)
    FORGED[name](block)
    with pytest.raises(BadAnswer) as error:
        block_from(block, PROTOCOL)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("answer", [None, 1, "text", [], [BLOCK], {"error": "x"}])
def test_what_is_no_block_is_refused(answer):
    with pytest.raises(BadAnswer):
        block_from(answer, PROTOCOL)
    with pytest.raises(BadAnswer):
        sustained_from(answer, 10.0)


@pytest.mark.parametrize("field", ["runtime", "governor"])
def test_text_of_a_device_is_made_printable(field):
    evil = "\x1b]0;owned\x07\x1b[2J" + "x" * 10_000
    block = {**BLOCK, "runtime": evil} if field == "runtime" else {**BLOCK, "before": {**CONDITION, "governor": evil}}
    found = block_from(block, PROTOCOL)
    text = found.runtime if field == "runtime" else found.before.governor
    assert "\x1b" not in text
    assert len(text) < 1000


def test_an_honest_run_is_read():
    found = sustained_from(copy.deepcopy(RUN), 10.0)
    assert [one.at_s for one in found.slices] == [0.0, 1.0]
    assert found.runtime == "onnxruntime 1.31.1"


@pytest.mark.parametrize(
    "change",
    [
        {"slices": []},
        {"slices": [SLICE] * 13},
        {"slices": [{**SLICE, "samples_ns": [1] * 251}]},
        {"slices": [{**SLICE, "calls": 1}]},
        {"slices": [{**SLICE, "seconds": 0.0}]},
        {"slices": [{**SLICE, "at_s": -1.0}]},
        {"slices": [{**SLICE, "seconds": float("nan")}]},
        {"slices": [{**SLICE, "samples_ns": [1 << 60]}]},
        {"slices": [{**SLICE, "at_s": 1e300}]},
        {"slices": [{**SLICE, "waited_share": -0.1}]},
        {"slices": [{**SLICE, "energy_uj": -1}]},
        {"slices": [{**SLICE, "calls": 1 << 60}]},
        {"slices": [SLICE, SLICE]},
        {"slices": {"0": SLICE}},
        {"slices": "many"},
    ],
)
def test_a_forged_run_is_refused(change):
    with pytest.raises(BadAnswer):
        sustained_from({**copy.deepcopy(RUN), **change}, 10.0)
