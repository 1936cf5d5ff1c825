import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fv_benchmark.benchmark import BenchmarkOptions
from fv_benchmark.report_file import read_report
from fv_cli.commands.benchmark import next_command, parse_duration, parse_threads
from fv_cli.main import main
from fv_core.errors import InputError
from tests.benchmark.builders import image_set
from tests.edge_runtime import tiny_models

QUICK = ("--runs", "2")


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A folder to stand in, with models/tiny_fp32.tflite, models/tiny_int8.tflite and an image set `set`."""
    folder = tmp_path / "models"
    folder.mkdir()
    tiny_models.with_manifest(tiny_models.float_model(), folder / "tiny_fp32.tflite")
    tiny_models.with_manifest(tiny_models.quantized_model(), folder / "tiny_int8.tflite", scheme="int8")
    image_set(tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    return folder


def test_the_table_says_how_big_how_fast_and_how_much_less_accurate(models, capsys):
    words = ["benchmark", "models", "--data", "set", "--against", "models/tiny_fp32.tflite", *QUICK]
    assert main([*words, "--json", "out.json", "--html", "out.html", "--markdown", "out.md"]) == 0
    printed = capsys.readouterr()
    header = next(line for line in printed.out.splitlines() if "p50 ms" in line)
    assert [word in header for word in ("MB", "× first", "top-1", "drop pp", "agreement")] == [True] * 5
    assert "tiny_int8.tflite" in printed.out
    assert printed.err.splitlines()[-1] == "next: fv compare out.json LATER.json"
    report = read_report(models.parent / "out.json")
    assert [result.model for result in report.results] == ["tiny_fp32.tflite", "tiny_int8.tflite"]
    assert report.results[0].accuracy.drop_pp == 0.0
    assert "<svg" in (models.parent / "out.html").read_text()
    assert "| tiny\\_int8.tflite" in (models.parent / "out.md").read_text()


def test_without_pictures_accuracy_is_not_measured(models, capsys):
    assert main(["benchmark", "models/tiny_fp32.tflite", *QUICK]) == 0
    printed = capsys.readouterr()
    assert "not measured" in printed.out
    assert printed.err.splitlines()[-1] == "next: fv benchmark models/tiny_fp32.tflite --data IMAGESET"


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ({}, "fv benchmark a.tflite --data set --html report.html"),
        ({"on": ("ssh://pi@there", "local")}, "fv benchmark a.tflite --on ssh://pi@there --on local --data set"),
    ],
)
def test_the_next_step_is_on_the_same_devices(typed, named):
    options = BenchmarkOptions(models=(Path("a.tflite"),), imageset=Path("set"), **typed)
    assert next_command(options, None, None).startswith(named)


def test_json_on_stdout_is_json_and_nothing_else(models, capsys):
    assert main(["benchmark", "models/tiny_fp32.tflite", "--threads", "1,2", "--json", "-", *QUICK]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [result["threads"] for result in data["results"]] == [1, 2]
    assert data["protocol"]["blocks"] == 2


def test_no_path_and_no_host_stands_in_the_report(models):
    assert (
        main(["benchmark", str(models / "tiny_fp32.tflite"), "--json", "out.json", "--html", "out.html", *QUICK]) == 0
    )
    for name in ("out.json", "out.html"):
        assert str(models.parent) not in (models.parent / name).read_text()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["models/nothing.tflite"], "missing-path"),
        (["set/imageset.json"], "unknown-model-format"),
        (["set"], "missing-path"),
        (["models", "--data", "nothing"], "missing-path"),
        (["models", "--data", "models"], "bad-image-set"),
        (["models", "--data", "set", "--split", "trian"], "unknown-name"),
        (["models", "--threads", "0"], "bad-input"),
        (["models", "--threads", "1;2"], "bad-input"),
        (["models", "--data", "set", "--against", "nowhere"], "missing-path"),
        (["models", "--against", "models/tiny_fp32.tflite"], "no-full-model-answers"),
        (["models", "--runs", "0"], "usage"),
        (["models", "--input-range", "wide"], "bad-input-range"),
        (["models", "--preset", "norml"], "unknown-name"),
        (["models", "--sustained", "ten"], "bad-input"),
        (["models", "--sustained", "0s"], "bad-input"),
        (["models", "--on", "telnet://pi"], "unknown-name"),
        (["models", "--on", "local", "--on", "local"], "bad-input"),
        (["models", "--on", "adb:$(id)"], "bad-target"),
        ([], "usage"),
    ],
)
def test_wrong_input_is_one_line_with_its_code(models, capsys, words, code):
    assert main(["benchmark", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-2].startswith(f"error[{code}]: ")
    assert printed.err.splitlines()[-1].startswith("hint: ")


def test_a_hostile_file_is_an_error_and_leaves_no_report(models, capsys):
    (models / "bad.tflite").write_bytes((models / "tiny_fp32.tflite").read_bytes()[:400])
    assert main(["benchmark", "models", "--json", "out.json", *QUICK]) == 2
    assert "error[bad-model-file]" in capsys.readouterr().err
    assert not (models.parent / "out.json").exists()


def test_ctrl_c_ends_it_at_once_and_leaves_nothing(models):
    command = [sys.executable, "-m", "fv_cli", "benchmark", "models", "--runs", "50", "--json", "out.json"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    # Until the first block runs: the progress line says so.
    assert process.stderr is not None
    assert "measuring" in process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "interrupted"
    assert not (models.parent / "out.json").exists()


def test_a_preset_is_recorded(models):
    assert main(["benchmark", "models/tiny_fp32.tflite", "--runs", "3", "--json", "out.json"]) == 0
    protocol = read_report(models.parent / "out.json").protocol
    assert (protocol.preset, protocol.blocks) == ("default", 3)


def test_a_long_run_is_a_table_a_curve_and_a_record(models, capsys):
    words = ["benchmark", "models/tiny_fp32.tflite", "--runs", "1", "--sustained", "2s"]
    assert main([*words, "--json", "out.json", "--html", "out.html"]) == 0
    printed = capsys.readouterr().out
    assert "sustained ms" in printed
    assert "median over time" in printed
    (result,) = read_report(models.parent / "out.json").results
    assert result.long_run is not None
    assert result.long_run.seconds == pytest.approx(2.0, abs=0.5)
    assert 'svg class="curve"' in (models.parent / "out.html").read_text()


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600.0), ("90s", 90.0), ("90", 90.0), ("1h", 3600.0), ("0.5m", 30.0)]
)
def test_times_are_read(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-1s", "1d", "1e3", "10 m", "2000h", "inf", "nan"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(InputError):
        parse_duration(text)


def test_threads_are_read_once_each():
    assert parse_threads("1,2, 4,2") == (1, 2, 4)
    for wrong in ("", "a", "1,,2", "-1", "1.5", "0"):
        with pytest.raises(InputError):
            parse_threads(wrong)
