import copy
import json

import pytest

from fv_benchmark.errors import BadReport
from fv_benchmark.report_file import MAX_BYTES, read_report, write_report
from fv_core.errors import MissingPath
from tests.benchmark.builders import accuracy, report


@pytest.fixture
def whole():
    return report(accuracies={"food_int8.tflite": accuracy(lost=3), "food_fp32.tflite": accuracy(paired=False)})


def test_what_was_written_is_read(tmp_path, whole):
    write_report(tmp_path / "report.json", whole)
    assert read_report(tmp_path / "report.json") == whole


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(MissingPath) as error:
        read_report(tmp_path / "report.json")
    assert error.value.hint.startswith("fv benchmark")


def _put(*path, value):
    def change(data):
        place = data
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def _drop(*path):
    def change(data):
        place = data
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


FORGERIES = {
    "another version": _put("schema_version", value=99),
    "no results": _put("results", value=[]),
    "a machine that is not there": _put("results", 0, "machine", value=7),
    "a negative machine": _put("results", 0, "machine", value=-1),
    "a missing field": _drop("results", 0, "model"),
    "an unknown field": _put("results", 0, "surprise", value=1),
    "a number for a name": _put("results", 0, "model", value=3),
    "a text for a number": _put("results", 0, "size_bytes", value="large"),
    "a flag for a number": _put("results", 0, "threads", value=True),
    "negative samples": _put("results", 0, "samples_ns", value=[-1] * 200),
    "fractional samples": _put("results", 0, "samples_ns", value=[1.5] * 200),
    "blocks of another length": _put("results", 0, "block_lengths", value=[1]),
    "no samples": _put("results", 0, "samples_ns", value=[]),
    "half an interval": _put("results", 1, "ratio_to_first", "ci95", value=[1.0]),
    "a text in an interval": _put("results", 1, "accuracy", "drop_ci95_pp", value=["a", "b"]),
    "answers of other pictures": _put("results", 1, "accuracy", "n", value=5000),
    "an unknown doubt": _put("results", 0, "doubts", value=[{"kind": "bored"}]),
    "a list": lambda data: data.clear(),
    "a protocol without blocks": _put("protocol", "blocks", value=0),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_report_is_refused(tmp_path, whole, name):
    data = copy.deepcopy(json.loads(json.dumps(whole.to_json())))
    FORGERIES[name](data)
    (tmp_path / "report.json").write_text(json.dumps(data))
    with pytest.raises(BadReport):
        read_report(tmp_path / "report.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"schema_version": NaN}', "\ufeff{}"])
def test_what_is_no_report_is_refused(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(BadReport):
        read_report(tmp_path / "report.json")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "report.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadReport):
        read_report(tmp_path / "report.json")


def test_not_a_number_is_refused(tmp_path, whole):
    text = json.dumps(whole.to_json()).replace('"init_ms": 2.0', '"init_ms": NaN')
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(BadReport, match="NaN"):
        read_report(tmp_path / "report.json")


def test_an_oversized_file_is_not_even_read(tmp_path):
    with (tmp_path / "report.json").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(BadReport, match="too large"):
        read_report(tmp_path / "report.json")


def test_a_report_of_before_conditions_and_presets_is_read(tmp_path, whole):
    """The fields that came with devices and long runs are absent there, and absent is not zero."""
    data = whole.to_json()
    for name in ("preset", "max_block_seconds", "cool_down_seconds"):
        del data["protocol"][name]
    for machine in data["machines"]:
        for name in ("target", "board", "emulated", "energy", "facts"):
            del machine[name]
    for result in data["results"]:
        for name in ("conditions", "waited_shares", "summaries", "energy_mj"):
            del result[name]
    (tmp_path / "old.json").write_text(json.dumps(data))
    found = read_report(tmp_path / "old.json")
    assert found.protocol == whole.protocol
    assert found.machines == whole.machines
    assert found.results[0].energy_mj is None
    assert found.results[0].long_run is None
