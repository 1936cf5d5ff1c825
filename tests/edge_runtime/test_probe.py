from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fv_core.files import sha256_of_file
from fv_edge_runtime import Classifier, _child, probe
from fv_edge_runtime.errors import BadModelFile, CannotProbe, ChildCrashed, UnsupportedModel
from tests.edge_runtime import tiny_models
from tests.edge_runtime.tiny_models import SIZE, Tensor


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return tiny_models.with_manifest(tiny_models.float_model(), tmp_path / "sound.tflite")


@pytest.fixture
def deadly(tmp_path: Path) -> Path:
    """Sound to look at; a PAD makes a picture of it whose size wraps around, and LiteRT 2.3 dies of that."""
    model = tiny_models.float_model()
    wide = (1 << 31) - 1
    margins = np.array([[0, 0], [wide, wide], [wide, wide], [0, 0]], dtype=np.int32)
    model.tensors += [Tensor("margins", (4, 2), "int32", margins), Tensor("wide", (1, SIZE, SIZE, 3))]
    model.operators = [("PAD", [0, 4], [5]), ("MEAN", [5, 1], [2]), ("SOFTMAX", [2], [3])]
    model.options = {1: model.options[0], 2: model.options[1]}
    return tiny_models.with_manifest(model, tmp_path / "deadly.tflite")


def test_a_sound_file_passes_and_answers(sound: Path) -> None:
    probe.probe(sound)
    red = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    red[..., 0] = 255
    assert Classifier(sound).classify(red, top=1)[0][0] == "red"


def test_a_file_that_kills_its_runtime_is_an_error_here(deadly: Path) -> None:
    with pytest.raises(ChildCrashed, match="takes its runtime down") as caught:
        Classifier(deadly)
    assert "SIG" in caught.value.why
    assert caught.value.hint == f"fv inspect {deadly}"


def test_a_file_that_the_runtime_refuses_says_why(sound: Path) -> None:
    model = tiny_models.float_model()
    model.operators[0] = ("CUSTOM:FlexErf", [0, 1], [2])
    model.options.pop(0)
    tiny_models.with_manifest(model, sound)
    with pytest.raises(UnsupportedModel, match="FlexErf"):
        probe.probe(sound)


def test_a_known_digest_needs_no_probe(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "run_in_child", None)
    Classifier(sound, sha256=sha256_of_file(sound).upper())
    Classifier(sound, probe=False)
    with pytest.raises(TypeError):  # the child that is not there would be asked
        Classifier(sound)


def test_another_digest_is_refused(sound: Path) -> None:
    with pytest.raises(BadModelFile, match="vouched for"):
        Classifier(sound, sha256="0" * 64)


def test_a_child_of_the_sandbox_probes_nothing(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _child.is_child()
    monkeypatch.setattr(_child, "_here", True)
    monkeypatch.setattr(probe, "run_in_child", None)
    probe.probe(sound)


def test_a_frozen_program_says_what_to_do(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(CannotProbe) as caught:
        Classifier(sound)
    assert "sha256" in caught.value.hint
    Classifier(sound, probe=False)
