"""A program for a Raspberry Pi: photos or the camera on the command line, a systemd unit, a golden test."""

from __future__ import annotations

from collections.abc import Iterator

from fv_embed.project import Content, Project, Target
from fv_embed.render import render
from fv_embed.targets._python import runtime_files


def _files(project: Project) -> Iterator[tuple[str, Content]]:
    yield from runtime_files(project)
    for name in ("README.md", "classify.py", "requirements.txt"):
        yield name, render(f"python/{name}.j2", **project.values())
    yield f"{project.names.slug}.service", render("python/unit.service.j2", **project.values())


TARGET = Target(
    name="python",
    formats=("tflite", "onnx"),
    files=_files,
    next_step="python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python -m unittest",
)
