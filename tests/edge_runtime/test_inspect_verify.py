"""Verification of tiny files that carry golden pictures, sound and tampered with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fv_core import golden
from fv_core.manifest import Golden
from fv_edge_runtime.classifier import Classifier
from fv_edge_runtime.errors import ChildCrashed
from fv_edge_runtime.inspect_verify import GoldenCheck, NothingToVerify, judged, verify
from tests.edge_runtime.tiny_models import SIZE, float_model, onnx_with_manifest, with_manifest

# float32 kernels of one machine, asked twice.
TOLERANCE = 1e-4


def answers(path: Path, **changes: Any) -> tuple[Golden, ...]:
    classifier = Classifier(path)
    found = []
    for seed in golden.SEEDS:
        picture = golden.draw(seed, SIZE)
        shares = tuple(float(value) for value in classifier.probabilities(picture[None])[0])
        found.append(replace(Golden(seed, golden.sha256_of(picture), shares, shares), **changes))
    return tuple(found)


def with_golden(folder: Path, name: str = "m.tflite", *, tolerance: float = TOLERANCE, **changes: Any) -> Path:
    def write(**fields: Any) -> Path:
        if name.endswith(".onnx"):
            return onnx_with_manifest(folder / name, **fields)
        return with_manifest(float_model(), folder / name, **fields)

    plain = write()
    return write(golden=answers(plain, **changes), golden_tolerance=tolerance)


@pytest.mark.parametrize("name", ["m.tflite", "m.onnx"])
def test_a_file_as_it_was_written_passes(name: str, tmp_path: Path) -> None:
    found = verify(with_golden(tmp_path, name))
    assert found.passed
    assert (found.tolerance, len(found.checks)) == (TOLERANCE, 8)
    assert all(check.same_picture and check.difference is not None for check in found.checks)
    assert found.runtime.split()[0] in ("ai-edge-litert", "onnxruntime")


def test_other_weights_are_noticed(tmp_path: Path) -> None:
    path = with_golden(tmp_path, "m.onnx")
    data = path.read_bytes()
    # The one weight of the file: 1/16 becomes 1/8.
    changed = data.replace(np.float32(1 / 16).tobytes(), np.float32(1 / 8).tobytes())
    assert changed != data
    path.write_bytes(changed)
    found = verify(path)
    assert not found.passed
    assert found.why.startswith("a probability is off by ")
    assert all(check.same_picture for check in found.checks)


def test_weights_that_are_not_finite_are_a_mismatch(tmp_path: Path) -> None:
    path = with_golden(tmp_path, "m.onnx")
    data = path.read_bytes()
    path.write_bytes(data.replace(np.float32(1 / 16).tobytes(), np.float32(np.nan).tobytes()))
    found = verify(path)
    assert not found.passed
    assert found.why.startswith("no answer that can be compared (seed 1)")


def test_another_picture_is_noticed(tmp_path: Path) -> None:
    found = verify(with_golden(tmp_path, sha256="0" * 64))
    assert not found.passed
    assert found.why == "8 of 8 pictures are not those of the manifest (seed 1)"


def test_another_number_of_answers_is_noticed(tmp_path: Path) -> None:
    found = verify(with_golden(tmp_path, file=(1.0,)))
    assert not found.passed
    assert "1 stored answers for 3 outputs" in found.why


@pytest.mark.parametrize("tolerance", [0.2, -1.0, 1e30])
def test_a_tolerance_that_allows_anything_is_refused(tolerance: float, tmp_path: Path) -> None:
    found = verify(with_golden(tmp_path, tolerance=tolerance))
    assert not found.passed
    assert "would let anything pass" in found.why


@pytest.mark.parametrize("name", ["foreign.tflite", "foreign.onnx"])
def test_a_file_of_somebody_else_has_nothing_to_verify(name: str, models: Path) -> None:
    with pytest.raises(NothingToVerify, match="no golden pictures: it has no manifest"):
        verify(models / name)


def test_a_manifest_without_golden_pictures_has_nothing_to_verify(models: Path) -> None:
    with pytest.raises(NothingToVerify, match="no golden pictures"):
        verify(models / "float.tflite")


def test_nonsense_from_the_child_is_a_crash(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fv_edge_runtime import inspect_verify

    nonsense: Callable[..., Any] = lambda *_, **__: {"passed": "yes"}  # noqa: E731 - one answer, one line
    monkeypatch.setattr(inspect_verify, "run_in_child", nonsense)
    with pytest.raises(ChildCrashed, match="nonsense"):
        verify(models / "float.tflite")


def test_the_judgement_names_the_worst() -> None:
    checks = (GoldenCheck(1, True, 0.01), GoldenCheck(2, True, 0.03))
    assert judged(checks, 0.03)[0]
    assert judged(checks, 0.02) == (False, "a probability is off by 0.03, allowed is 0.02")
