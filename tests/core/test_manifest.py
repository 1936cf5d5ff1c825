"""A manifest survives its text, and refuses every other text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fv_core.errors import BadManifest
from fv_core.manifest import MAX_BYTES, Calibration, Drop, FloatTensor, Golden, Manifest
from fv_core.preprocess import Preprocess

FULL = Manifest(
    name="plates",
    scheme="int8",
    format="tflite",
    labels=("crème brûlée", "pho"),
    labels_from="data set",
    preprocess=Preprocess(256, 0.875, 224),
    source_sha256="ab" * 32,
    versions={"fv": "0.1.0", "keras": "3.15.1"},
    rewrites=("fold_batch_norm",),
    float_tensors=(FloatTensor("softmax", "probabilities are float"),),
    calibration=Calibration("cd" * 32, "train", 200, 0, "percentile", "ef" * 32),
    drop=Drop(0.4, (-0.1, 0.9), 0.97, 4040, "validation", "cd" * 32),
    golden=(Golden(1, "01" * 32, (0.25, 0.75), (0.26, 0.74)),),
    golden_tolerance=0.01,
)


@pytest.mark.parametrize("manifest", [FULL, replace(FULL, calibration=None, drop=None, golden=(), rewrites=())])
def test_text_and_back(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_the_same_manifest_is_the_same_text() -> None:
    other = replace(FULL, versions=dict(reversed(FULL.versions.items())))
    assert other.to_json() == FULL.to_json()
    assert "crème" in FULL.to_json()


def changed(**changes: Any) -> str:
    return json.dumps({**json.loads(FULL.to_json()), **changes})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "{",
        "[" * 100_000,
        changed(schema_version=99),
        changed(schema_version="1"),
        changed(labels=[1, 2]),
        changed(labels=None),
        changed(name=3),
        changed(unknown="field"),
        changed(preprocess={"store_size": 0, "crop_fraction": 1, "input_size": 1}),
        changed(preprocess={"store_size": 8}),
        changed(calibration={"dataset_sha256": "x"}),
        changed(drop={**json.loads(FULL.to_json())["drop"], "ci95_pp": [1]}),
        changed(schema_version=1),
        changed(golden=[{"seed": "x"}]),
        changed(golden=[{"seed": 1, "sha256": "", "full": [0.5, 0.5], "file": [0.5, 0.5]}]),
        changed(golden=[{"seed": 1, "sha256": "", "full": "AAAA", "file": "AAAA"}]),
        changed(golden=json.loads(FULL.to_json())["golden"] * 17),
        changed(versions=[]),
        changed(float_tensors=[{"name": "a", "why": "b", "more": "c"}]),
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadManifest) as caught:
        Manifest.from_json(text)
    assert caught.value.code == "bad-manifest"


def test_a_missing_field_is_refused() -> None:
    for key in json.loads(FULL.to_json()):
        data = json.loads(FULL.to_json())
        del data[key]
        with pytest.raises(BadManifest):
            Manifest.from_json(json.dumps(data))


def test_a_huge_text_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(BadManifest, match="too large"):
        Manifest.from_json(" " * (MAX_BYTES + 1))


def test_it_holds_no_list_of_samples() -> None:
    assert set(json.loads(FULL.to_json())["calibration"]) == {
        "dataset_sha256", "split", "count", "seed", "method", "ids_sha256",
    }  # fmt: skip
