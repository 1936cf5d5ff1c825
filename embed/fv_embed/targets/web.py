"""A static page: camera or file, the five most probable labels, all of it in the browser; works offline once loaded.

The page is the one of `fv demo`, made of the built pages of `fv-web`; what is written here is what it reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from fv_benchmark.web.assets import demo_files, web_assets
from fv_embed.project import Content, Project, Target
from fv_embed.render import render

# A static host serves this name where it is asked for a folder.
_RENAMED = {"demo.html": "index.html"}
# 64 bits: two versions of a page do not collide.
_VERSION_CHARACTERS = 16
# The built one keeps what it happens to see; an embedded page's knows the files that are there.
_WORKER = "offline.js"
# Which of LiteRT's builds a page gets is decided where it runs.
_THREADED, _PLAIN, _RARE = "litert/litert_wasm_threaded", "litert/litert_wasm_internal", "litert/litert_wasm_compat"


def _files(project: Project) -> Iterator[tuple[str, Content]]:
    yield "README.md", render("web/README.md.j2", **project.values())
    served = dict(_served(project))
    yield from served.items()
    yield _WORKER, _service_worker(served)


def _served(project: Project) -> Iterator[tuple[str, Content]]:
    """What the page may ask for."""
    assets = web_assets()
    for name in demo_files({project.source.format}):
        if name != _WORKER:
            yield _RENAMED.get(name, name), assets / name
    yield f"models/{project.model_file}", project.source.path
    yield "model.json", _about(project)
    for question in project.samples.questions:
        yield f"golden/{question.file}", project.samples.files[question.file]


def _service_worker(served: dict[str, Content]) -> str:
    """The worker that keeps all of `served`; another content of any file is another version."""
    digest = hashlib.sha256()
    for path, content in sorted(served.items()):
        data = content.read_bytes() if isinstance(content, Path) else content
        digest.update(
            f"{path}\0".encode() + hashlib.sha256(data if isinstance(data, bytes) else data.encode()).digest()
        )
    threaded = [path for path in served if path.startswith(_THREADED)]
    plain = [path for path in served if path.startswith(_PLAIN)]
    always = ["./", *(path for path in served if not path.startswith((_THREADED, _PLAIN, _RARE)))]
    version = digest.hexdigest()[:_VERSION_CHARACTERS]
    return render("web/offline.js.j2", version=version, files=always, plain=plain, threaded=threaded)


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
