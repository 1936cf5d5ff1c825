"""The pictures of a project's test, and what must come of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fv_core.manifest import Manifest
from fv_core.preprocess import Preprocess, decode
from fv_edge_runtime.manifest_io import read_manifest
from fv_embed.samples import samples_for


@pytest.fixture
def manifest(model_files: Path) -> Manifest:
    found = read_manifest(model_files / "plain.tflite")
    assert found is not None
    return found


@pytest.mark.parametrize("side", [23, 256, 2000])
def test_eight_orientations_of_odd_sizes(manifest: Manifest, side: int) -> None:
    samples = samples_for(replace(manifest, preprocess=Preprocess(side, 0.875, 8)))
    assert [one.orientation for one in samples.preprocessing] == list(range(1, 9))
    sizes = []
    for sample in samples.preprocessing:
        image = Image.open(BytesIO(samples.files[sample.file]))
        assert image.mode == "RGB"
        assert "icc_profile" not in image.info
        assert image.getexif().get(0x0112, 1) == sample.orientation
        assert max(image.size) <= 502
        sizes.append(image.size)
    assert {width > height for width, height in sizes} == {True, False}


def test_a_sample_is_what_our_preprocessing_makes_of_it(manifest: Manifest) -> None:
    samples = samples_for(manifest)
    for sample in samples.preprocessing:
        pixels = manifest.preprocess(decode(samples.files[sample.file]))
        assert hashlib.sha256(pixels.tobytes()).hexdigest() == sample.sha256


def test_a_sample_that_is_not_turned_would_be_found(manifest: Manifest) -> None:
    samples = samples_for(manifest)
    for sample in samples.preprocessing:
        as_stored = np.asarray(Image.open(BytesIO(samples.files[sample.file])))
        digest = hashlib.sha256(manifest.preprocess(as_stored).tobytes()).hexdigest()
        # A picture of one colour, or turned onto itself, would prove nothing.
        assert (digest == sample.sha256) == (sample.orientation == 1), sample.file


def test_the_golden_pictures_and_answers_are_the_manifests(manifest: Manifest) -> None:
    samples = samples_for(manifest)
    for entry, question in zip(manifest.golden, samples.questions, strict=True):
        pixels = np.asarray(Image.open(BytesIO(samples.files[question.file])))
        assert hashlib.sha256(pixels.tobytes()).hexdigest() == entry.sha256 == question.sha256
        assert question.probabilities == entry.file


def test_json_and_properties_say_the_same(manifest: Manifest) -> None:
    samples = samples_for(manifest)
    data = json.loads(samples.as_json())
    lines = dict(line.split("=", 1) for line in samples.as_properties().splitlines())
    assert float(lines["tolerance"]) == data["tolerance"] == manifest.golden_tolerance
    assert lines["labels_sha256"] == data["labels_sha256"]
    for number, one in enumerate(data["pictures"]):
        assert lines[f"picture.{number}.file"] == one["file"]
        assert [float(value) for value in lines[f"picture.{number}.probabilities"].split(",")] == one["probabilities"]
    for number, one in enumerate(data["preprocessing"]):
        assert lines[f"sample.{number}.sha256"] == one["sha256"]
        assert int(lines[f"sample.{number}.orientation"]) == one["orientation"]
