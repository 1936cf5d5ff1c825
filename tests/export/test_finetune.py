"""The fine-tuning from a run to files, on a tiny classifier that separates its pictures."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from fv_edge_runtime import Classifier
from fv_edge_runtime.manifest_io import read_manifest
from fv_export import finetune, lessons
from fv_export.errors import FinetuneRefused
from fv_export.finetune import TASK, Finetune
from fv_export.pipeline import Exported, ExportOptions, export
from fv_export.schemes import Pair
from fv_export.variants import method_for
from fv_train.errors import NonFiniteLoss
from tests.export import separable

TFLITE, ONNX = Pair("tflite", "int8"), Pair("onnx", "int8")
STATE = "my-run_int8.finetune.npz"


class Listening(Silent):
    """Keeps what was said, and how many steps were taken; presses Ctrl-C after `stop_after` of them."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.said: list[str] = []
        self.steps = 0
        self._stop_after = stop_after

    def say(self, message: str) -> None:
        self.said.append(message)

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        if task == TASK:
            self.steps += 1
            assert "agreement" in note
            if self.steps == self._stop_after:
                raise KeyboardInterrupt

    def about_tuning(self) -> list[str]:
        return [line for line in self.said if line.startswith(TASK)]


@pytest.fixture(scope="module")
def imageset(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return separable.image_set(tmp_path_factory.mktemp("finetune") / "set")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, imageset: ImageSet) -> Path:
    return separable.run(tmp_path_factory.mktemp("finetune") / "my-run", separable.build(), imageset)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons, "BATCH", 10)


def tuned(run: Path, out: Path, *pairs: Pair, progress: Silent | None = None, **settings: object) -> Exported:
    options = Finetune(**{"epochs": 2, **settings})  # type: ignore[arg-type]  # a test's shorthand
    return export(ExportOptions(pairs=pairs or (TFLITE,), source=run, out=out, finetune=options), progress or Silent())


def test_both_files_hold_the_same_fine_tuning_and_say_so(run: Path, tmp_path: Path, imageset: ImageSet) -> None:
    listening = Listening()
    exported = tuned(run, tmp_path, TFLITE, ONNX, progress=listening)
    assert listening.steps == 10  # two epochs of five batches, once for both files
    answers = []
    for file in exported.files:
        assert file.path is not None
        manifest = read_manifest(file.path)
        assert manifest is not None
        assert manifest.calibration is not None
        words = f"{method_for('int8', None)}, fine-tuned for 10 steps on {imageset.fingerprint[:12]}"
        assert manifest.calibration.method == words
        answers.append(Classifier(file.path).probabilities(np.asarray(imageset.split("validation").images)))
    assert (answers[0].argmax(axis=1) == answers[1].argmax(axis=1)).all()
    plain = export(ExportOptions(pairs=(TFLITE,), source=run, out=tmp_path / "plain"), Silent())
    assert plain.files[0].sha256 != exported.files[0].sha256


def test_the_same_call_gives_the_same_bytes_and_the_second_format_needs_no_steps(run: Path, tmp_path: Path) -> None:
    first = tuned(run, tmp_path / "one", TFLITE, ONNX)
    second = tuned(run, tmp_path / "two", TFLITE)
    assert second.files[0].sha256 == first.files[0].sha256
    listening = Listening()
    third = tuned(run, tmp_path / "two", ONNX, progress=listening)
    assert listening.steps == 0
    assert third.files[0].sha256 == first.files[1].sha256


def test_a_call_that_was_stopped_leaves_no_file_and_goes_on(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tuned(run, tmp_path / "whole")
    monkeypatch.setattr(finetune, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        tuned(run, tmp_path / "stopped", progress=Listening(stop_after=5))
    assert [path.name for path in (tmp_path / "stopped").iterdir()] == [STATE]
    listening = Listening()
    exported = tuned(run, tmp_path / "stopped", progress=listening)
    assert listening.about_tuning()[0] == "fine-tuning goes on after 4 steps"
    assert listening.steps == 6
    assert exported.files[0].sha256 == whole.files[0].sha256


def test_other_settings_begin_anew_and_say_so(run: Path, tmp_path: Path) -> None:
    tuned(run, tmp_path)
    listening = Listening()
    tuned(run, tmp_path, progress=listening, epochs=1, seed=3)
    assert listening.about_tuning()[0] == "fine-tuning begins anew: changed since then: steps, seed"
    assert listening.steps == 5


def test_what_does_not_help_is_not_used_and_that_is_said(run: Path, tmp_path: Path) -> None:
    listening = Listening()
    spoiled = tuned(run, tmp_path / "spoiled", progress=listening, peak=30.0)
    assert "did not help" in listening.about_tuning()[0]
    plain = export(ExportOptions(pairs=(TFLITE,), source=run, out=tmp_path / "plain"), Silent())
    assert spoiled.files[0].sha256 == plain.files[0].sha256


def test_a_loss_that_is_no_number_stops_it(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fv_export.distill import Distillation

    monkeypatch.setattr(Distillation, "step", lambda *_: float("nan"))
    failed = tuned(run, tmp_path).files[0]
    assert isinstance(failed.failure, NonFiniteLoss)
    assert failed.path is None


def test_other_schemes_are_left_as_they_are(run: Path, tmp_path: Path) -> None:
    pairs = (Pair("tflite", "fp32"), Pair("tflite", "dynamic"))
    files = tuned(run, tmp_path / "tuned", TFLITE, *pairs).files[1:]
    plain = export(ExportOptions(pairs=pairs, source=run, out=tmp_path / "plain"), Silent()).files
    assert [file.sha256 for file in files] == [file.sha256 for file in plain]


def test_it_is_refused_without_int8_without_pictures_and_on_other_backends(
    run: Path, tmp_path: Path, imageset: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FinetuneRefused, match="--int8"):
        tuned(run, tmp_path, Pair("tflite", "fp32"))
    path = tmp_path / "theirs.keras"
    separable.build().save(path)
    options = ExportOptions(pairs=(TFLITE,), source=path, calibration=imageset.folder, finetune=Finetune(epochs=1))
    with pytest.raises(FinetuneRefused, match="pictures"):
        export(options, Silent())
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(FinetuneRefused, match="TensorFlow"):
        tuned(run, tmp_path)


def test_a_foreign_file_is_fine_tuned_on_the_pictures_it_is_given(tmp_path: Path, imageset: ImageSet) -> None:
    path = tmp_path / "theirs.keras"
    separable.build().save(path)
    tuning = Finetune(data=imageset.folder, epochs=2)
    options = ExportOptions(pairs=(TFLITE,), source=path, calibration=imageset.folder, finetune=tuning)
    file = export(options, Silent()).files[0]
    assert file.path is not None
    manifest = read_manifest(file.path)
    assert manifest is not None
    assert manifest.calibration is not None
    assert "fine-tuned" in manifest.calibration.method
