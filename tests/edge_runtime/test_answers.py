from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fv_core.errors import BadPicture, FvError, MissingPath
from fv_edge_runtime import answers as module
from fv_edge_runtime.answers import Question, answer, answer_here, memory_for, parse_input_range
from fv_edge_runtime.classifier import Classifier
from fv_edge_runtime.errors import (
    BadInputRange,
    BadModelFile,
    ChildCrashed,
    ChildOutOfMemory,
    ChildTimedOut,
    LabelCount,
)
from tests.edge_runtime.tiny_models import LABELS


@pytest.mark.parametrize("name", ["int8.tflite", "float.onnx"])
def test_the_child_answers_exactly_as_the_classifier(name: str, models: Path, pictures: Path) -> None:
    paths = (str(pictures / "red.png"), str(pictures / "blue.png"))
    found = answer(Question(str(models / name), paths, top=2))
    classifier = Classifier(models / name)
    assert found.runtime == classifier.session.runtime
    assert [one.picture for one in found.answers] == list(paths)
    assert [list(one.top) for one in found.answers] == [classifier.classify(path, 2) for path in paths]


def test_labels_and_range_reach_the_child(models: Path, pictures: Path) -> None:
    question = Question(str(models / "foreign.tflite"), (str(pictures / "red.png"),), labels=("a", "b", "c"))
    plain = answer(question).answers[0].top
    flat = answer(replace(question, input_range=(0.0, 1.0))).answers[0].top
    assert [label for label, _ in plain] == ["a", "b", "c"]
    assert flat[0][1] < plain[0][1]


def test_refusals_of_the_child_arrive_as_themselves(models: Path, pictures: Path, tmp_path: Path) -> None:
    picture = str(pictures / "red.png")
    (tmp_path / "m.tflite").write_bytes((models / "float.tflite").read_bytes()[:300])
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for question, kind in (
        (Question(str(tmp_path / "none.tflite"), (picture,)), MissingPath),
        (Question(str(tmp_path / "m.tflite"), (picture,)), BadModelFile),
        (Question(str(models / "float.tflite"), (str(tmp_path / "none.png"),)), MissingPath),
        (Question(str(models / "float.tflite"), (str(tmp_path / "broken.png"),)), BadPicture),
        (Question(str(models / "float.tflite"), (picture,), labels=("a",)), LabelCount),
    ):
        with pytest.raises(kind):
            answer(question)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"runtime": "x"},
        {"runtime": "x", "answers": [1]},
        {"runtime": "x", "answers": [{"picture": "p", "top": [["a", "b"]]}]},
    ],
)
def test_nonsense_from_the_child_is_a_crash(
    data: dict[str, Any], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_in_child", lambda *_, **__: data)
    with pytest.raises(ChildCrashed):
        answer(Question(str(models / "float.tflite"), ("p.png",)))


@pytest.mark.parametrize("kind", [ChildCrashed, ChildTimedOut, ChildOutOfMemory])
def test_a_crash_names_the_file(kind: type[FvError], models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> Any:
        raise kind("it ended", why="SIGSEGV")

    monkeypatch.setattr(module, "run_in_child", crash)
    with pytest.raises(kind) as caught:
        answer(Question(str(models / "float.tflite"), ("p.png",)))
    assert caught.value.why == "it ended: SIGSEGV"
    assert caught.value.problem == f"{models / 'float.tflite'} cannot be run"
    assert caught.value.hint


def test_the_parent_imports_neither_numpy_nor_a_framework(models: Path, pictures: Path) -> None:
    program = (
        "import sys\n"
        "from fv_edge_runtime.answers import Question, answer\n"
        f"answer(Question({str(models / 'int8.tflite')!r}, ({str(pictures / 'red.png')!r},)))\n"
        "print([name for name in ('numpy', 'PIL', 'tensorflow', 'ai_edge_litert') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_larger_file_gets_more_memory(models: Path, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(1 << 20))
    assert memory_for(tmp_path / "large") - memory_for(models / "float.tflite") > 1 << 20


def test_in_this_process_the_answer_is_the_same(models: Path, pictures: Path) -> None:
    data = answer_here(
        {
            "model": str(models / "foreign.onnx"),
            "pictures": [str(pictures / "green.png")],
            "top": 1,
            "labels": list(LABELS),
            "input_range": [0.0, 255.0],
            "threads": 1,
        }
    )
    assert data["answers"][0]["top"][0][0] == "green"


def test_a_range_is_two_numbers() -> None:
    assert parse_input_range("-1,1") == (-1.0, 1.0)
    assert parse_input_range("0, 255") == (0.0, 255.0)
    for text in ("", "1", "a,b", "1,2,3", "-1;1"):
        with pytest.raises(BadInputRange):
            parse_input_range(text)
