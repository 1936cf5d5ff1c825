"""What the demo's page is told, and the server's side of it: model.json, the model files, and pictures as PNG.

The same page is written by `fv embed --target web`; what model.json holds stands in `page_data`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fv_benchmark.errors import ClassesDiffer
from fv_benchmark.web.assets import asset_names, web_assets
from fv_benchmark.web.mistakes import Mistake
from fv_benchmark.web.model import PageModel, page_model
from fv_benchmark.web.server import NOT_FOUND, App, Reply, Request
from fv_core import golden
from fv_edge_runtime.errors import LabelsMissing

SCHEMA_VERSION = 1
Range = tuple[float, float]


@dataclass(frozen=True)
class DemoOptions:
    """`models`: one file, or two that are shown side by side. `labels`: for a file that has none. `input_range`: what
    0 and 255 become, for a file of somebody else's. `mistakes`: the gallery, empty without a run."""

    models: tuple[Path, ...]
    labels: tuple[str, ...] | None = None
    input_range: Range | None = None
    mistakes: tuple[Mistake, ...] = ()


def demo_app(options: DemoOptions) -> App:
    """Everything that the demo's server serves; raises `WebAssetsMissing`, and what reading a model file raises."""
    folder = web_assets()
    models = [page_model(path) for path in options.models]
    data = page_data(models, options)
    files = {name: folder / name for name in asset_names(folder)} | {"": folder / "demo.html"}
    files |= {str(entry["path"]): path for entry, path in zip(data["models"], options.models, strict=True)}
    made = {"model.json": Reply(json.dumps(data).encode(), "application/json")}
    made |= {f"mistakes/{index}.png": _png(one.picture) for index, one in enumerate(options.mistakes)}
    size = models[0].preprocess.input_size
    made |= {_golden_path(one.seed): _png(golden.draw(one.seed, size)) for one in models[0].golden}

    def get(request: Request) -> Reply:
        return made.get(request.path, NOT_FOUND)

    return App(files, get)


def page_data(models: Sequence[PageModel], options: DemoOptions) -> dict[str, Any]:
    """model.json: what the page has to know. Raises `LabelsMissing`, `ClassesDiffer`."""
    first = models[0]
    labels = options.labels or first.labels
    if labels is None:
        raise LabelsMissing(
            f"{options.models[0]} carries no labels",
            why="it has no manifest, so nothing says what its outputs mean",
            hint=f"fv demo {options.models[0]} --labels FILE (one label a line)",
        )
    for other in models[1:]:
        if (other.labels or labels) != labels or other.preprocess != first.preprocess:
            raise ClassesDiffer(
                "the two models cannot be shown side by side",
                why="they have other labels, or want other pictures",
                hint="give two exports of the same run",
            )
    return {
        "schema_version": SCHEMA_VERSION,
        "name": first.name,
        "labels": list(labels),
        "offline": False,
        "preprocess": asdict(first.preprocess),
        "input_range": options.input_range,
        "models": [_entry(index, model, models) for index, model in enumerate(models)],
        "golden": _golden(first),
        "mistakes": [_mistake(index, one) for index, one in enumerate(options.mistakes)],
    }


def _entry(index: int, model: PageModel, models: Sequence[PageModel]) -> dict[str, Any]:
    alike = len({one.scheme for one in models}) < len(models)
    return {
        "path": f"models/{index}.{model.format}",
        "title": f"{model.scheme} {model.format}" if alike else model.scheme,
        "format": model.format,
        "scheme": model.scheme,
        "size_bytes": model.size_bytes,
    }


def _mistake(index: int, one: Mistake) -> dict[str, Any]:
    path = f"mistakes/{index}.png"
    return {"path": path, "label": one.label, "answer": one.answer, "probability": one.probability}


def _golden(model: PageModel) -> dict[str, Any] | None:
    if not model.golden:
        return None
    pictures = [{"path": _golden_path(one.seed), "expected": list(one.file)} for one in model.golden]
    return {"tolerance": model.golden_tolerance, "pictures": pictures}


def _golden_path(seed: int) -> str:
    return f"golden/{seed}.png"


def _png(picture: NDArray[np.uint8]) -> Reply:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return Reply(stream.getvalue(), "image/png")
