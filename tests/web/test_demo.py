"""What the demo's page is told: the labels as they are, the files, the golden pictures, the mistakes."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fv_benchmark.errors import ClassesDiffer
from fv_benchmark.web import demo, model
from fv_benchmark.web.demo import DemoOptions, demo_app
from fv_benchmark.web.mistakes import Mistake
from fv_benchmark.web.server import App, Request
from fv_core import golden
from fv_core.manifest import Golden
from fv_edge_runtime.errors import LabelsMissing
from tests.edge_runtime.tiny_models import SIZE, float_model, onnx_with_manifest, quantized_model, with_manifest

# Markup, a quote, a line break and characters that turn the text around: a label is a label.
LABELS = ('</script><img src=x onerror="alert(1)">', "it's \u202egreen", "blue\nblack")
GOLDEN = (Golden(3, golden.sha256_of(golden.draw(3, SIZE)), (0.2, 0.3, 0.5), (0.25, 0.25, 0.5)),)


@pytest.fixture(autouse=True)
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built pages that are empty; model files are read in this process, which is faster than a child for each."""
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "demo.html").write_text("<p>demo</p>")
    monkeypatch.setattr(demo, "web_assets", lambda: folder)
    monkeypatch.setattr(model, "run_in_child", lambda _name, path, **_limits: model.read_here(path))


def told(app: App) -> dict[str, Any]:
    reply = app.get(Request("model.json", {}))
    assert isinstance(reply.body, bytes)
    found: dict[str, Any] = json.loads(reply.body)
    return found


def int8(folder: Path, **changes: Any) -> Path:
    return with_manifest(quantized_model(), folder / "tiny_int8.tflite", scheme="int8", labels=LABELS, **changes)


def fp32(folder: Path, **changes: Any) -> Path:
    return with_manifest(float_model(), folder / "tiny_fp32.tflite", **({"labels": LABELS} | changes))


def test_a_file_and_its_float_twin(tmp_path: Path) -> None:
    paths = (int8(tmp_path), fp32(tmp_path))
    app = demo_app(DemoOptions(paths))
    data = told(app)
    assert tuple(data["labels"]) == LABELS
    assert data["preprocess"] == {"store_size": SIZE, "crop_fraction": 1.0, "input_size": SIZE}
    assert [(one["title"], one["format"], one["size_bytes"]) for one in data["models"]] == [
        ("int8", "tflite", paths[0].stat().st_size),
        ("fp32", "tflite", paths[1].stat().st_size),
    ]
    assert [app.files[one["path"]] for one in data["models"]] == list(paths)
    assert app.files[""].name == "demo.html"
    assert (data["golden"], data["mistakes"], data["input_range"]) == (None, [], None)


def test_two_files_of_one_scheme_are_told_apart(tmp_path: Path) -> None:
    paths = (fp32(tmp_path), onnx_with_manifest(tmp_path / "tiny_fp32.onnx", labels=LABELS))
    assert [one["title"] for one in told(demo_app(DemoOptions(paths)))["models"]] == ["fp32 tflite", "fp32 onnx"]


def test_golden_pictures_come_with_the_answers_of_this_file(tmp_path: Path) -> None:
    app = demo_app(DemoOptions((fp32(tmp_path, golden=GOLDEN, golden_tolerance=0.02),)))
    (entry,) = told(app)["golden"]["pictures"]
    assert entry["expected"] == [0.25, 0.25, 0.5]
    body = app.get(Request(entry["path"], {})).body
    assert isinstance(body, bytes)
    assert np.array_equal(np.asarray(Image.open(BytesIO(body))), golden.draw(3, SIZE))
    assert told(app)["golden"]["tolerance"] == 0.02


def test_the_gallery(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    app = demo_app(DemoOptions((fp32(tmp_path),), mistakes=(Mistake(picture, LABELS[0], LABELS[1], 0.75),)))
    (entry,) = told(app)["mistakes"]
    assert (entry["label"], entry["answer"], entry["probability"]) == (LABELS[0], LABELS[1], 0.75)
    body = app.get(Request(entry["path"], {})).body
    assert isinstance(body, bytes)
    assert np.array_equal(np.asarray(Image.open(BytesIO(body))), picture)


def test_nothing_else_is_there_and_nothing_may_be_posted(tmp_path: Path) -> None:
    app = demo_app(DemoOptions((fp32(tmp_path),)))
    for path in ("mistakes/0.png", "golden/1.png", "tiny_fp32.tflite", "../tiny_fp32.tflite", ""):
        assert app.get(Request(path, {})).status == 404
    assert app.largest_post("model.json") == 0


def test_a_file_without_labels(tmp_path: Path) -> None:
    path = tmp_path / "bare.tflite"
    path.write_bytes(float_model().to_bytes())
    with pytest.raises(LabelsMissing) as raised:
        demo_app(DemoOptions((path,)))
    assert "--labels" in raised.value.hint
    data = told(demo_app(DemoOptions((path,), labels=("a", "b", "c"), input_range=(-1.0, 1.0))))
    assert (data["labels"], data["input_range"], data["name"]) == (["a", "b", "c"], [-1.0, 1.0], "bare")


def test_two_models_that_are_not_about_the_same(tmp_path: Path) -> None:
    paths = (int8(tmp_path), fp32(tmp_path, labels=("x", "y", "z")))
    with pytest.raises(ClassesDiffer):
        demo_app(DemoOptions(paths))
    first = model.page_model(paths[0])
    other = replace(first, preprocess=replace(first.preprocess, crop_fraction=0.5))
    with pytest.raises(ClassesDiffer):
        demo.page_data([first, other], DemoOptions(paths))
