"""One preprocessing: a photo classified by `fv predict` and the same photo inside an image set give equal answers.

From Keras, TFLite and ONNX float files alike, on photos of odd sizes, upright and rotated by EXIF.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fv_cli.main import main
from fv_core.golden import draw
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.preprocess import Preprocess
from fv_train.run import Run
from tests.export import separable

STORE = 48
SIZES = ((97, 61), (61, 97), (64, 64), (49, 200), (333, 50))
# The same pixels through the same file give the same float32 arithmetic; Keras batches, which may reorder its sums.
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pixels")
    for label, name in enumerate(separable.CLASSES):
        for part in ("train", "validation"):
            place = folder / "photos" / part / name
            place.mkdir(parents=True)
            for index, (width, height) in enumerate(SIZES):
                _photo(label, index + (100 if part == "train" else 0), width, height).save(
                    place / f"{index}.png", exif=_exif(1 + (index + label) % 8)
                )
    words = ["data", "prepare", f"folder:{folder / 'photos'}", "--out", str(folder / "set"), "--size", str(STORE)]
    assert main(words) == 0
    imageset = ImageSet.open(folder / "set")
    run = Run.open(separable.run(folder / "run", separable.build(), imageset))
    preprocess = Preprocess(store_size=STORE, crop_fraction=0.875, input_size=separable.SIZE)
    info = replace(run.info, classes=imageset.classes, preprocess=preprocess)
    (run.folder / "manifest.json").write_text(json.dumps(asdict(info)))
    assert main(["export", str(run.folder), "--fp32"]) == 0
    return folder


def _photo(label: int, seed: int, width: int, height: int) -> Image.Image:
    shades = draw(seed, max(width, height))[:height, :width].astype(np.int64) // 2
    shades[..., label] += 90
    return Image.fromarray(shades.clip(0, 255).astype(np.uint8))


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("source", ["run", "run/export/run_fp32.tflite", "run/export/run_fp32.onnx"])
def test_a_photo_alone_and_in_an_image_set_get_the_same_answer(
    source: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(folder / source), "--data", str(folder / "set"), "--out", str(tmp_path)]) == 0
    (stored,) = tmp_path.glob("**/predictions_*.npz")
    predictions = Predictions.load(stored)
    assert len(predictions.ids) == len(SIZES) * len(separable.CLASSES)
    photos = [str(folder / "photos" / name) for name in predictions.ids]
    capsys.readouterr()
    assert main(["predict", str(folder / source), *photos, "--top", "3", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    for row, answer in zip(predictions.probabilities, answers["answers"], strict=True):
        for entry in answer["top"]:
            expected = row[predictions.classes.index(entry["label"])]
            assert entry["probability"] == pytest.approx(float(expected), abs=TOLERANCE)
