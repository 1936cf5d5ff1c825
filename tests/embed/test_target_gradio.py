"""The Space: its golden test runs as it is; the page itself needs Gradio, and is tried where that is installed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from fv_core.text import printable
from tests.embed import hostile
from tests.embed.conftest import MakeProject
from tests.embed.test_target_python import run

FRONT_MATTER = re.compile(r"^---\n(.*?)\n---\n", re.DOTALL)


@pytest.mark.parametrize("model", ["plain.tflite", "plain.onnx", "hostile.tflite"])
def test_its_golden_test_passes(make_project: MakeProject, model: str) -> None:
    done = run(make_project("gradio", model), "unittest")
    assert done.returncode == 0, done.stderr
    assert "Ran 4 tests" in done.stderr


@pytest.mark.parametrize("model", ["plain.tflite", "hostile.tflite"])
def test_the_front_matter_is_what_a_space_reads(make_project: MakeProject, model: str) -> None:
    project = make_project("gradio", model)
    found = FRONT_MATTER.match((project / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    fields = dict(line.split(": ", 1) for line in found[1].splitlines())
    assert {"title", "sdk", "sdk_version", "app_file"} <= set(fields)
    assert fields["sdk"] == "gradio"
    assert (project / fields["app_file"]).is_file()


def test_what_the_page_shows_of_the_name_is_no_markup(make_project: MakeProject) -> None:
    text = (make_project("gradio", "hostile.tflite") / "app.py").read_text(encoding="utf-8")
    assert text.isascii()
    assert "</script>" not in text
    compile(text, "app.py", "exec")


def test_its_runtime_is_asked_for(make_project: MakeProject) -> None:
    wanted = {"plain.tflite": "ai-edge-litert", "plain.onnx": "onnxruntime"}
    for model, name in wanted.items():
        lines = (make_project("gradio", model) / "requirements.txt").read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line.startswith(name)]
        assert not [line for line in lines if line.startswith(tuple(set(wanted.values()) - {name}))]


def test_the_page_answers(make_project: MakeProject, tmp_path: Path) -> None:
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("Gradio is not installed here")
    program = tmp_path / "look.py"
    program.write_text("import app\nprint(app.look('golden/golden_1.png')[0])\nprint(app.look(None))\n")
    done = run(make_project("gradio", "hostile.tflite"), str(program))
    assert done.returncode == 0, done.stderr
    assert any(printable(label) in done.stdout for label in hostile.LABELS if label)
    assert "\u202e" not in done.stdout
    assert "(None, '')" in done.stdout
