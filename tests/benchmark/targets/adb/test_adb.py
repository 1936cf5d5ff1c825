"""The whole way to a phone and back, on a stand-in `adb` whose shell is a shell here."""

from pathlib import Path

import numpy as np
import pytest

from fv_benchmark.answer import Question, answer
from fv_benchmark.benchmark import BenchmarkOptions, benchmark
from fv_benchmark.errors import AccuracyNotThere, BadAnswer, BadTarget
from fv_benchmark.protocol import Protocol
from fv_benchmark.render.table import main_table
from fv_benchmark.report_file import read_report, write_report
from fv_benchmark.targets import TargetOptions, make_target
from fv_benchmark.targets.adb.errors import (
    AdbMissing,
    BenchmarkModelFailed,
    BenchmarkModelMissing,
    NotForBenchmarkModel,
    PhoneFull,
    PhoneGone,
    PhoneNotThere,
    PhoneTimedOut,
)
from fv_core.errors import MissingPath
from fv_core.progress import Silent
from tests.benchmark.builders import image_set
from tests.benchmark.targets.adb.phone_here import phone_here, script
from tests.edge_runtime import tiny_models

QUICK = Protocol(blocks=2, block_seconds=0.05, warm_up_seconds=0.05)


@pytest.fixture
def phone(tmp_path, monkeypatch):
    return phone_here(tmp_path, monkeypatch)


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    tiny_models.with_manifest(tiny_models.float_model(), folder / "tiny_fp32.tflite")
    tiny_models.with_manifest(tiny_models.quantized_model(), folder / "tiny_int8.tflite", scheme="int8")
    return folder


def opened(phone, models, text="adb", **changes):
    target = make_target(text, phone.options(**changes))
    target.open(sorted(models.iterdir()), Silent())
    return target


def measured(phone, models, **changes):
    options = BenchmarkOptions((models,), protocol=QUICK, on=("adb",), target=phone.options(), **changes)
    return benchmark(options, Silent())


def test_from_files_to_a_report_with_accuracy_and_nothing_is_left(tmp_path, phone, models):
    image_set(tmp_path / "set")
    report = measured(phone, models, imageset=tmp_path / "set", limit=2)
    assert [result.model for result in report.results] == ["tiny_fp32.tflite", "tiny_int8.tflite"]
    (machine,) = report.machines
    assert (machine.target, machine.board, machine.os) == ("adb", "Stand In 1", "Android 14 (API 34)")
    assert machine.facts == {"thermal_status": "none", "fixed_performance": "not asked for"}
    for result in report.results:
        assert result.latency_ms.p50 is not None
        assert (result.latency_ms.p90, result.latency_ms.p99) == (None, None)
        assert len(result.summaries) == 2
        assert "only-summaries" in [doubt.kind for doubt in result.doubts]
        assert result.runtime.startswith("benchmark_model ")
        assert result.conditions[0].temperature_c == 66.5
        assert result.accuracy.n == 2
    assert phone.left() == []
    write_report(tmp_path / "report.json", report)
    assert read_report(tmp_path / "report.json") == report


@pytest.mark.parametrize("name", ["tiny_fp32.tflite", "tiny_int8.tflite"])
def test_the_answers_are_those_of_this_machine(tmp_path, phone, models, name):
    image_set(tmp_path / "set")
    question = Question(tmp_path / "set", "validation", threads=1, limit=2)
    target = opened(phone, models)
    try:
        there = target.answers(models / name, question, Silent())
    finally:
        target.close()
    here = answer(models / name, question, Silent(), "answering")
    assert there.ids == here.ids
    # The same kernels on the same processor: the stand-in runs here.
    np.testing.assert_array_equal(there.probabilities, here.probabilities)


def test_a_tool_that_does_not_write_its_answers_leaves_the_reason(tmp_path, phone, models):
    text = phone.binary.read_text().replace('"$@"', "$(echo \"$@\" | sed 's/--output_filepath=[^ ]*//')")
    phone.binary.write_text(text)
    image_set(tmp_path / "set")
    target = opened(phone, models)
    question = Question(tmp_path / "set", "validation", threads=1, limit=2)
    with pytest.raises(AccuracyNotThere) as error:
        target.answers(models / "tiny_fp32.tflite", question, Silent())
    target.close()
    assert "does not write its answers" in error.value.problem
    assert "0 bytes" in error.value.why


def test_a_long_run_is_runs_of_the_tool(phone, models):
    target = opened(phone, models)
    found = target.sustain(models / "tiny_fp32.tflite", 1, 1.5, Silent())
    target.close()
    assert 1 <= len(found.slices) <= 3
    assert all(len(one.samples_ns) == 1 and one.calls >= 1 for one in found.slices)


def test_fixed_performance_is_switched_on_and_back_and_recorded(phone, models):
    target = opened(phone, models, fixed_performance=True)
    now = target.snapshot()
    assert target.describe(now, now).facts["fixed_performance"] is True
    target.close()
    mode = "power set-fixed-performance-mode-enabled"
    assert phone.said.read_text().splitlines() == [f"{mode} true", f"{mode} false"]


def test_a_phone_that_refuses_fixed_performance_is_measured_and_says_so(phone, models):
    script(phone.root / "system/bin/cmd", "echo 'Unknown command'; exit 255")
    target = opened(phone, models, fixed_performance=True)
    now = target.snapshot()
    assert target.describe(now, now).facts["fixed_performance"] == "refused: Unknown command"
    target.close()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("several", "more than one"),
        ("unplugged", "no phone"),
        ("unauthorized", "has not allowed"),
    ],
)
def test_a_phone_that_is_not_there_is_said_with_what_to_do(phone, models, fault, words):
    phone.break_with(fault)
    with pytest.raises(PhoneNotThere) as error:
        opened(phone, models)
    assert words in error.value.problem
    assert error.value.hint


def test_another_serial_is_not_there(phone, models):
    with pytest.raises(PhoneNotThere):
        opened(phone, models, "adb:OTHER")
    target = opened(phone, models, "adb:STANDIN")
    target.close()


@pytest.mark.parametrize("after", [7, 9, 14])
def test_a_phone_that_is_unplugged_in_the_middle_is_an_error_soon(phone, models, after):
    phone.break_with("unplugged", after)
    with pytest.raises(PhoneGone) as error:
        measured(phone, models)
    assert "adb devices" in error.value.hint


def test_a_full_phone_is_said_and_is_left_clean(phone, models):
    phone.break_with("full", after=1)
    with pytest.raises(PhoneFull):
        measured(phone, models)
    assert phone.left() == []


def test_fifty_megabytes_of_noise_are_cut_off(phone, models):
    phone.break_with("noise", after=2)
    with pytest.raises(BadAnswer) as error:
        measured(phone, models)
    assert "\x1b" not in str(error.value)


def test_a_file_that_the_tool_cannot_run_is_the_tools_own_word(phone, models):
    (models / "tiny_fp32.tflite").write_bytes(b"\x18\x00\x00\x00TFL3" + bytes(300))
    target = opened(phone, models)
    with pytest.raises(BenchmarkModelFailed) as error:
        target.measure(models / "tiny_fp32.tflite", 1, QUICK)
    target.close()
    assert "Benchmarking failed." in error.value.why


def test_a_hostile_tool_gets_no_control_character_through(phone, models):
    script(phone.binary, "printf '\\033]0;owned\\007\\033[2JERROR: \\033[31mred\\n'; exit 3")
    target = opened(phone, models)
    with pytest.raises(BenchmarkModelFailed) as error:
        target.measure(models / "tiny_fp32.tflite", 1, QUICK)
    target.close()
    assert "\x1b" not in error.value.why
    assert "red" in error.value.why


@pytest.mark.parametrize("name", ["a b; touch owned.tflite", "-rf.tflite", "$(touch owned).tflite", "a\nb.tflite"])
def test_no_name_of_a_file_reaches_the_phones_shell(tmp_path, phone, models, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = tmp_path / "odd"
    odd.mkdir()
    (models / "tiny_fp32.tflite").rename(odd / name)
    target = make_target("adb", phone.options())
    target.open([odd / name], Silent())
    assert target.measure(odd / name, 1, QUICK).samples_ns
    target.close()
    assert list(tmp_path.rglob("owned*")) == []


@pytest.mark.parametrize("serial", ["-e", "a b", "a;reboot", "$(id)", "", "a\nb", "x" * 200])
def test_a_serial_that_is_none_is_refused(serial):
    with pytest.raises(BadTarget):
        make_target(f"adb:{serial}" if serial else "adb:-", TargetOptions())


def test_onnx_is_refused_before_anything_is_sent(tmp_path, phone):
    path = tiny_models.onnx_with_manifest(tmp_path / "tiny_fp32.onnx")
    with pytest.raises(NotForBenchmarkModel):
        make_target("adb", phone.options()).open([path], Silent())
    assert phone.left() == []


def test_without_adb_it_says_what_to_install(phone, models, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AdbMissing):
        opened(phone, models)


def test_without_the_tool_it_says_where_it_comes_from(phone, models, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(BenchmarkModelMissing) as error:
        make_target("adb", TargetOptions()).open(sorted(models.iterdir()), Silent())
    assert "android_aarch64_benchmark_model" in error.value.hint
    assert "https://ai.google.dev" in error.value.hint
    with pytest.raises(MissingPath):
        make_target("adb", TargetOptions(benchmark_model=tmp_path / "no")).open(sorted(models.iterdir()), Silent())


def test_closing_twice_and_without_opening_does_nothing(phone, models):
    make_target("adb", phone.options()).close()
    target = opened(phone, models)
    target.close()
    target.close()
    assert phone.left() == []


def test_no_process_of_ours_stays_when_the_measurement_is_given_up(phone, models, monkeypatch):
    """A tool that hangs is stopped with its time limit, and nothing of it runs afterwards."""
    script(phone.binary, "sleep 600")
    target = opened(phone, models)
    monkeypatch.setattr("fv_benchmark.targets.adb.target._START_SECONDS", 1.0)
    slow = Protocol(block_seconds=0.05, warm_up_seconds=0.0, max_block_seconds=0.1)
    with pytest.raises(PhoneTimedOut):
        target.measure(models / "tiny_fp32.tflite", 1, slow)
    target.close()
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert [one for one in commands if str(phone.root).encode() in one] == []


class Told(Silent):
    """Remembers which tasks were begun."""

    def __init__(self):
        self.tasks = set()

    def advance(self, task, done, total, note=""):
        self.tasks.add(task)


def test_two_devices_in_one_call_are_one_report_with_a_column_each(phone, models):
    path = models / "tiny_fp32.tflite"
    options = BenchmarkOptions((path,), protocol=QUICK, on=("local", "adb"), target=phone.options())
    report = benchmark(options, Silent())
    assert [machine.target for machine in report.machines] == ["local", "adb"]
    assert [(result.machine, result.ratio_to_first.value) for result in report.results] == [(0, 1.0), (1, 1.0)]
    (row,) = main_table(report).rows
    assert len(row) == 4
    assert phone.left() == []


def test_a_phone_that_is_not_there_costs_no_measurement_elsewhere(phone, models):
    phone.break_with("unplugged")
    told = Told()
    options = BenchmarkOptions((models,), protocol=QUICK, on=("local", "adb"), target=phone.options())
    with pytest.raises(PhoneNotThere):
        benchmark(options, told)
    assert "measuring" not in told.tasks
