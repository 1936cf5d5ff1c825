"""`fv predict`, whole: the words it prints, its JSON and its refusals."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fv_cli import frameworks
from fv_cli.main import main
from fv_core.preprocess import Preprocess
from fv_edge_runtime.classifier import Classifier
from tests.edge_runtime import tiny_models
from tests.edge_runtime.tiny_models import SIZE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("predict")
    tiny_models.with_manifest(tiny_models.quantized_model(), folder / "m.tflite", scheme="int8")
    tiny_models.onnx_with_manifest(folder / "m.onnx")
    (folder / "foreign.tflite").write_bytes(tiny_models.float_model().to_bytes())
    Image.new("RGB", (3 * SIZE, 2 * SIZE), (90, 90, 0)).save(folder / "both.png")
    Image.new("RGB", (SIZE, SIZE), (0, 0, 255)).save(folder / "blue.png")
    return folder


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def test_a_picture_is_a_heading_and_a_line_for_each_label(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "m.tflite", "both.png", "blue.png", "--top", "2"]) == 0
    shown = capsys.readouterr()
    assert [line.rstrip() for line in shown.out.splitlines()] == [
        "both.png",
        "   49.91 %  ████████████              red",
        "   49.91 %  ████████████              green",
        "blue.png",
        "  100.00 %  ████████████████████████  blue",
        "    0.00 %                            red",
    ]
    assert shown.err == "next: fv inspect m.tflite\n"


@pytest.mark.parametrize("model", ["m.tflite", "m.onnx"])
def test_json_holds_the_exact_numbers(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", model, "both.png", "--json"]) == 0
    shown = capsys.readouterr()
    classifier = Classifier(model)
    top = [{"label": label, "probability": share} for label, share in classifier.classify("both.png")]
    assert json.loads(shown.out) == {
        "schema_version": 1,
        "model": model,
        "runtime": classifier.session.runtime,
        "answers": [{"picture": "both.png", "top": top}],
    }
    assert shown.err == ""


def test_a_foreign_file_takes_labels_and_a_range(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "labels.txt").write_text("x\ny\nz\n")
    words = ["predict", "foreign.tflite", "blue.png", "--json"]
    assert main([*words, "--labels", "labels.txt"]) == 0
    plain = json.loads(capsys.readouterr().out)["answers"][0]["top"]
    assert main([*words, "--labels", "labels.txt", "--input-range", "-1,1", "--threads", "2"]) == 0
    ranged = json.loads(capsys.readouterr().out)["answers"][0]["top"]
    assert plain[0]["label"] == ranged[0]["label"] == "z"
    assert plain[0]["probability"] > 0.99
    assert ranged[0]["probability"] < 0.5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["none.tflite", "blue.png"], "missing-path"),
        (["m.tflite", "none.png"], "missing-path"),
        (["m.tflite", "m.onnx"], "bad-picture"),
        (["blue.png", "blue.png"], "unknown-model-format"),
        (["foreign.tflite", "blue.png"], "labels-missing"),
        (["m.tflite", "blue.png", "--labels", "none.txt"], "missing-path"),
        (["m.tflite", "blue.png", "--labels", "m.onnx"], "bad-label-file"),
        (["m.tflite", "blue.png", "--input-range", "1"], "bad-input-range"),
        (["m.tflite", "blue.png", "--input-range", "0,1"], "bad-input-range"),
    ],
)
def test_bad_input_is_one_error_with_a_hint(words: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    first, second = shown.err.splitlines()
    assert first.startswith(f"error[{code}]: ")
    assert second.startswith("hint: ")


def test_escape_codes_in_labels_do_not_reach_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = ("\x1b[31mred\x07", "[bold]green[/bold]", "\u202eblue")
    tiny_models.with_manifest(tiny_models.float_model(), folder / "hostile.tflite", labels=labels)
    assert main(["predict", "hostile.tflite", "blue.png"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\u202e" not in out
    assert "\\x1b[31mred" in out
    assert "[bold]green[/bold]" in out


class _Keras:
    """What `fv_train.evaluate.keras_classifier` gives: answers with the shares of the mean colour."""

    labels = ("red", "green", "blue")
    preprocess = Preprocess(SIZE, 1.0, SIZE)

    def probabilities(self, batch: Any) -> Any:
        means = batch.mean(axis=(1, 2)) + 1
        return np.asarray(means / means.sum(axis=1, keepdims=True), dtype=np.float32)


def test_a_run_or_a_keras_file_is_asked_through_the_full_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Path] = []
    stand_in = ModuleType("fv_train.evaluate")

    def keras_classifier(path: Path) -> _Keras:
        asked.append(path)
        return _Keras()

    stand_in.keras_classifier = keras_classifier  # type: ignore[attr-defined]  # a module that is made here
    monkeypatch.setitem(sys.modules, "fv_train.evaluate", stand_in)
    monkeypatch.setattr(frameworks, "import_keras", lambda *_: None)
    (folder / "run").mkdir()
    for model in ("run", "model.keras"):
        assert main(["predict", model, "blue.png", "--top", "1"]) == 0
        shown = capsys.readouterr()
        assert "99.22 %" in shown.out
        assert shown.out.rstrip().endswith("blue")
        assert shown.err == f"next: fv export --int8 {model}\n"
    assert asked == [Path("run"), Path("model.keras")]
    (folder / "two.txt").write_text("a\nb\n")
    assert main(["predict", "model.keras", "blue.png", "--labels", "two.txt"]) == 2
    assert "error[label-count]" in capsys.readouterr().err
    assert main(["predict", "model.keras", "blue.png", "--input-range", "0,1"]) == 2
    assert "error[bad-input]" in capsys.readouterr().err


def test_it_takes_less_than_a_second() -> None:
    """Processor time of the command and its child, which on a machine with nothing else to do is the time it takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "fv_cli", "predict", "m.tflite", "blue.png"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0


def test_no_framework_and_no_array_library_is_imported() -> None:
    program = (
        "import sys\nfrom fv_cli.main import main\n"
        "assert main(['predict', 'm.tflite', 'blue.png', '--json']) == 0\n"
        "loaded = [name for name in ('tensorflow', 'keras', 'numpy', 'ai_edge_litert') if name in sys.modules]\n"
        "sys.stderr.write(repr(loaded))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "[]"
