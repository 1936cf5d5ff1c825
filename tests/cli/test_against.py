import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from fv_benchmark.answer import Question, answer
from fv_benchmark.errors import NoFullModelAnswers
from fv_cli.against import full_answers, image_set_of, run_of
from fv_core.errors import MissingPath
from fv_core.predictions import Predictions
from fv_core.preprocess import Preprocess
from fv_core.progress import Silent
from fv_train.run import MANIFEST, MODEL, Run, RunInfo
from tests.benchmark.builders import CLASSES, image_set
from tests.edge_runtime import tiny_models

SHA256 = "12" * 32


@pytest.fixture
def question(tmp_path):
    image_set(tmp_path / "set")
    return Question(tmp_path / "set", "validation", threads=1)


@pytest.fixture
def run(tmp_path, question):
    """A finished run whose model is no Keras file: nobody may open it when there are stored answers."""
    folder = tmp_path / "run"
    folder.mkdir()
    fingerprint = image_set(tmp_path / "copy").fingerprint
    info = RunInfo("run", "recipe", CLASSES, Preprocess(8, 1.0, 8), fingerprint, "x", "../set", "holdout", {}, SHA256)
    (folder / MANIFEST).write_text(json.dumps(asdict(info)))
    (folder / MODEL).write_bytes(b"no Keras file")
    return Run.open(folder)


def store(run, question, **changes):
    path = tiny_models.with_manifest(tiny_models.float_model(), run.folder / "tiny.tflite")
    made = replace(answer(path, question, Silent(), "answering"), model_sha256=SHA256, **changes)
    made.save(run.predictions_path(run.info.dataset_fingerprint, "validation"))
    return made


def test_stored_answers_of_a_run_are_taken(run, question):
    made = store(run, question)
    for against in (run.folder, run.model_path):
        assert np.array_equal(full_answers(against, question, Silent()).probabilities, made.probabilities)


@pytest.mark.parametrize("stored", [False, True])
def test_where_none_match_the_full_model_is_asked_first_and_its_answers_are_kept(run, question, monkeypatch, stored):
    if stored:  # by a model.keras that has been trained again since
        store(run, question)
        info = replace(run.info, model_sha256="34" * 32)
        (run.folder / MANIFEST).write_text(json.dumps(asdict(info)))
    asked = []

    def evaluate(options, progress):
        asked.append((options.source, options.imageset, options.split))
        store(run, question, split="validation")

    monkeypatch.setattr("fv_train.evaluate.evaluate", evaluate)
    monkeypatch.setattr("fv_cli.against.import_keras", lambda *_: None)
    assert isinstance(full_answers(run.folder, question, Silent()), Predictions)
    assert asked == [(run.folder, question.imageset, "validation")]


def test_a_device_file_answers_itself_on_every_picture(tmp_path, question):
    path = tiny_models.onnx_with_manifest(tmp_path / "tiny.onnx")
    assert len(full_answers(path, replace(question, limit=5), Silent()).ids) == 60


def test_a_run_knows_its_image_set(run, tmp_path):
    assert image_set_of(run.folder).resolve() == (tmp_path / "set").resolve()


def test_an_image_set_that_has_changed_is_not_taken(run):
    info = replace(run.info, dataset_fingerprint="00" * 32)
    (run.folder / MANIFEST).write_text(json.dumps(asdict(info)))
    with pytest.raises(NoFullModelAnswers, match="gone or has changed"):
        image_set_of(run.folder)


def test_a_file_does_not_know_its_pictures(tmp_path):
    path = tiny_models.onnx_with_manifest(tmp_path / "tiny.onnx")
    with pytest.raises(NoFullModelAnswers):
        image_set_of(path)


def test_nothing_there_is_said(tmp_path, question):
    with pytest.raises(MissingPath):
        full_answers(tmp_path / "nowhere", question, Silent())
    with pytest.raises(MissingPath):
        image_set_of(tmp_path / "nowhere")


def test_a_keras_file_outside_a_run_is_no_run(tmp_path):
    assert run_of(tmp_path / "model.keras") is None
    assert run_of(tmp_path / "other.keras") is None
