"""An app folder for a Space: a page made with Gradio, as the published food classifiers have it."""

from __future__ import annotations

from collections.abc import Iterator

from fv_embed.project import Content, Project, Target
from fv_embed.render import render
from fv_embed.targets._python import runtime_files


def _files(project: Project) -> Iterator[tuple[str, Content]]:
    yield from runtime_files(project)
    yield "requirements.txt", render("python/requirements.txt.j2", **project.values())
    for name in ("README.md", "app.py"):
        yield name, render(f"gradio/{name}.j2", **project.values())


TARGET = Target(
    name="gradio",
    formats=("tflite", "onnx"),
    files=_files,
    next_step="python3 -m venv .venv && .venv/bin/pip install gradio -r requirements.txt && .venv/bin/python app.py",
)
