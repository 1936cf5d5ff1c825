"""What the Python projects share: the model, what it says of itself, and `fv_picture`, a copy of our own modules.

The way from a picture to the network's input is copied, not written again: the modules of `fv_core` that are needed
for it stand in a project as they are here, with their imports of each other turned into relative ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib.resources import files

from fv_embed.project import Content, Project
from fv_embed.render import render

PACKAGE = "fv_picture"
_MODULES = ("errors", "preprocess", "quiet", "text")
_DOCSTRING = '"""From a picture to the network\'s input, as in training: modules of fv, copied as they are."""\n'


def runtime_files(project: Project) -> Iterator[tuple[str, Content]]:
    """Model, labels, preprocessing and golden pictures of a Python project, and the class that runs them."""
    yield project.model_file, project.source.path
    yield "model.json", about(project)
    yield "classifier.py", render("python/classifier.py.j2", **project.values())
    yield "test_golden.py", render("python/test_golden.py.j2", **project.values())
    yield f"{PACKAGE}/__init__.py", _DOCSTRING
    for module in _MODULES:
        source = files("fv_core").joinpath(f"{module}.py").read_text(encoding="utf-8")
        yield f"{PACKAGE}/{module}.py", source.replace("from fv_core.", "from .")
    yield "golden/golden.json", project.samples.as_json()
    for name, png in project.samples.files.items():
        yield f"golden/{name}", png


def about(project: Project) -> str:
    """`model.json`: what a program must know of the model; plain ASCII, so that no editor turns a label around."""
    manifest = project.source.manifest
    data = {
        "name": manifest.name,
        "file": project.model_file,
        "sha256": project.source.sha256,
        "scheme": manifest.scheme,
        "input_dtype": project.source.input_dtype,
        "preprocess": asdict(manifest.preprocess),
        "labels": manifest.labels,
    }
    return json.dumps(data, indent=1) + "\n"
