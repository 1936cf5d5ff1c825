"""The program for a Raspberry Pi: its golden test runs as it is, and its command line does what it says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fv_edge_runtime.classifier import Classifier
from tests.embed import hostile
from tests.embed.conftest import MakeProject

SECONDS = 120
# A stand-in for OpenCV: three red frames in its order of channels, then a camera that was unplugged.
CAMERA = """
import numpy as np

CAP_PROP_BUFFERSIZE = 38

class VideoCapture:
    def __init__(self, number):
        self.left = 3
    def isOpened(self):
        return True
    def set(self, name, value):
        return True
    def read(self):
        self.left -= 1
        frame = np.zeros((48, 64, 3), dtype=np.uint8)
        frame[..., 2] = 250
        return self.left >= 0, frame
    def release(self):
        pass
"""


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the project, where nothing of fv can be imported but what is in the project."""
    # -S and -I would take the runtime away too; the copied package must not reach for ours, which this checks.
    guard = "import sys; sys.modules['fv_core'] = sys.modules['fv_edge_runtime'] = None; import runpy; "
    guard += f"sys.argv = {list(words)!r}; sys.path.insert(0, ''); "
    guard += "runpy.run_module('unittest', run_name='__main__')" if words[0] == "unittest" else ""
    guard += "" if words[0] == "unittest" else f"runpy.run_path({words[0]!r}, run_name='__main__')"
    command = [sys.executable, "-W", "error", "-c", guard]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=project)


@pytest.mark.parametrize("model", ["plain.tflite", "float.tflite", "plain.onnx", "hostile.tflite"])
def test_its_golden_test_passes(make_project: MakeProject, model: str) -> None:
    done = run(make_project("python", model), "unittest")
    assert done.returncode == 0, done.stderr
    assert "Ran 4 tests" in done.stderr


@pytest.mark.parametrize(
    ("change", "failed"),
    [("probabilities", "test_answers"), ("orientation", "test_preprocessing"), ("labels", "test_labels")],
)
def test_its_golden_test_can_fail(make_project: MakeProject, tmp_path: Path, change: str, failed: str) -> None:
    project = shutil.copytree(make_project("python", "plain.tflite"), tmp_path / "copy")
    golden = project / "golden/golden.json"
    data = json.loads(golden.read_text(encoding="utf-8"))
    if change == "probabilities":
        data["pictures"][0]["probabilities"].reverse()
    elif change == "orientation":
        data["preprocessing"][0]["sha256"] = data["preprocessing"][1]["sha256"]
    else:
        data["labels_sha256"] = "0" * 64
    golden.write_text(json.dumps(data), encoding="utf-8")
    done = run(project, "unittest")
    assert done.returncode == 1
    assert f"FAIL: {failed}" in done.stderr


@pytest.mark.parametrize("model", ["plain.tflite", "plain.onnx"])
def test_its_answers_are_ours(make_project: MakeProject, model_files: Path, model: str) -> None:
    project = make_project("python", model)
    picture = project / "golden/orientation_6.png"
    done = run(project, "classify.py", str(picture), "--json", "--top", "3")
    assert done.returncode == 0, done.stderr
    top = [(one["label"], one["probability"]) for one in json.loads(done.stdout)["top"]]
    expected = Classifier(model_files / model).classify(picture, 3)
    assert [label for label, _ in top] == [label for label, _ in expected]
    assert np.allclose([share for _, share in top], [share for _, share in expected], atol=1e-6)


def test_its_runtime_sends_and_keeps_nothing(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds of onnxruntime for Linux write a device id and a database of events below HOME when they are imported."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    done = run(make_project("python", "plain.onnx"), "classify.py", "golden/golden_1.png")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.rglob("*") if "Microsoft" in str(path)] == []


def test_a_terminal_is_safe_from_its_labels(make_project: MakeProject) -> None:
    project = make_project("python", "hostile.tflite")
    done = run(project, "classify.py", "golden/golden_1.png", "--top", str(len(hostile.LABELS)))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert not set(done.stdout.rstrip("\n")) & set("\x1b\x07\r\u202e\u2028\x00")
    assert "\\x1b[31m red" in done.stdout


def test_the_camera_is_looked_at(make_project: MakeProject, tmp_path: Path) -> None:
    project = shutil.copytree(make_project("python", "plain.tflite"), tmp_path / "copy")
    (project / "cv2.py").write_text(CAMERA, encoding="utf-8")
    done = run(project, "classify.py", "--camera", "--every", "0", "--count", "2", "--rotate", "90", "--json")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line)["top"][0]["label"] for line in done.stdout.splitlines()]
    assert answers == ["red", "red"]


def test_a_camera_that_goes_away_is_one_line(make_project: MakeProject, tmp_path: Path) -> None:
    project = shutil.copytree(make_project("python", "plain.tflite"), tmp_path / "copy")
    (project / "cv2.py").write_text(CAMERA, encoding="utf-8")
    done = run(project, "classify.py", "--camera", "--every", "0")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 3
    assert "error: the camera gives no more pictures" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["classify.py"], "give PICTURE files, or --camera"),
        (["classify.py", "a.png", "--camera"], "give PICTURE files, or --camera"),
        (["classify.py", "none.png"], "error: no picture at none.png"),
        (["classify.py", "model.json"], "error: cannot read the picture"),
    ],
)
def test_what_cannot_be_done_is_said(make_project: MakeProject, words: list[str], said: str) -> None:
    done = run(make_project("python", "plain.tflite"), *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_unit_names_no_user_and_no_place(make_project: MakeProject) -> None:
    (unit,) = make_project("python", "hostile.tflite").glob("*.service")
    lines = unit.read_text(encoding="utf-8").splitlines()
    assert f"WorkingDirectory=%h/{unit.stem}" in lines
    assert next(line for line in lines if line.startswith("Description=")).isascii()
    assert all(line == "" or line[0] in "[#" or line.partition("=")[1] for line in lines)
