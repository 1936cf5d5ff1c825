"""A static page: camera or file, the five most probable labels, all of it in the browser; works offline once loaded.

The page is the one of `fv demo`, made of the built pages of `fv-web`; what is written here is what it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from fv_benchmark.web.assets import demo_files, web_assets
from fv_embed.project import Content, Project, Target
from fv_embed.render import render

# A static host serves this name where it is asked for a folder.
_RENAMED = {"demo.html": "index.html"}


def _files(project: Project) -> Iterator[tuple[str, Content]]:
    assets = web_assets()
    for name in demo_files({project.source.format}):
        yield _RENAMED.get(name, name), assets / name
    yield f"models/{project.model_file}", project.source.path
    yield "model.json", _about(project)
    for question in project.samples.questions:
        yield f"golden/{question.file}", project.samples.files[question.file]
    yield "README.md", render("web/README.md.j2", **project.values())


def _about(project: Project) -> str:
    """`model.json` of the page; plain ASCII. The page writes every text of it as text, never as markup."""
    source, manifest = project.source, project.source.manifest
    data = {
        "schema_version": 1,
        "name": project.names.title,
        "labels": manifest.labels,
        "offline": True,
        "preprocess": asdict(manifest.preprocess),
        "models": [
            {
                "path": f"models/{project.model_file}",
                "title": manifest.scheme,
                "format": source.format,
                "scheme": manifest.scheme,
                "size_bytes": source.size_bytes,
            }
        ],
        "input_range": None,
        "golden": {
            "tolerance": project.samples.tolerance,
            "pictures": [
                {"path": f"golden/{one.file}", "expected": one.probabilities} for one in project.samples.questions
            ],
        },
        "mistakes": [],
    }
    return json.dumps(data, indent=1) + "\n"


TARGET = Target(
    name="web",
    formats=("tflite", "onnx"),
    files=_files,
    next_step="python3 -m http.server 8000  # and open http://localhost:8000",
)
