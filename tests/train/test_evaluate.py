"""Evaluation: the same figures from a run, its `.keras` file and its predictions, and a folder of reports."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_core.errors import MissingPath, UnknownName
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.preprocess import Preprocess
from fv_core.progress import Silent
from fv_train.begin import TrainOptions
from fv_train.errors import BadRun, LabelMismatch
from fv_train.evaluate import EvaluateOptions, check_labels, evaluate, keras_classifier, predict_keras
from fv_train.loop import train
from fv_train.run import Run
from tests.train._pictures import CLASSES, imageset, tiny_recipe, with_tiny_backbone

# A batch of one and a batch of 64 are summed in another order in float32.
BATCH = 1e-5


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return imageset(tmp_path_factory.mktemp("pictures") / "set")


@pytest.fixture(scope="module")
def run(pictures: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with with_tiny_backbone():
        recipe = tiny_recipe("stage.scratch.epochs=8")
        yield train(TrainOptions(recipe, pictures.folder, tmp_path_factory.mktemp("runs") / "colours"))


def test_a_run_is_evaluated_on_its_reported_split(run: Run, pictures: ImageSet) -> None:
    report = evaluate(EvaluateOptions(run.folder, pictures.folder))
    assert report.metrics.n == 12
    assert report.metrics.split == "validation"
    assert "12 pictures, split validation, 3 classes, one crop of 1 of the square at 32 px" in report.sentence()
    stored = Predictions.load(run.predictions_path(pictures.fingerprint, "validation"))
    assert stored.ids == pictures.split("validation").ids
    assert stored.classes == CLASSES
    assert stored.model_sha256 == run.info.model_sha256
    assert float(stored.correct().mean()) == report.metrics.top1


def test_every_form_of_the_report_says_the_same(run: Run, pictures: ImageSet, tmp_path: Path) -> None:
    report = evaluate(EvaluateOptions(run.folder, pictures.folder, "train", tmp_path / "out"))
    data = json.loads((tmp_path / "out" / "report_train.json").read_text())
    assert data == json.loads(json.dumps(report.to_json()))
    with (tmp_path / "out" / "predictions_train.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == list(pictures.split("train").ids)
    assert sum(int(row["correct"]) for row in rows) / len(rows) == report.metrics.top1
    with (tmp_path / "out" / "confusion_train.csv").open(newline="") as stream:
        table = list(csv.reader(stream))
    assert [[int(cell) for cell in line[1:]] for line in table[1:]] == report.metrics.confusion.tolist()
    assert len((tmp_path / "out" / "per_class_train.csv").read_text().splitlines()) == 1 + 3
    page = report.html.read_text()
    assert report.sentence() in page
    assert all(page.count(f">{name}</text>") == 2 for name in CLASSES), "names at both sides of the confusion matrix"
    assert "http" not in page.replace("http-equiv", ""), "the page has to be self-contained"
    assert run.predictions_path(pictures.fingerprint, "train").is_file(), "later stages look for it in the run"


def test_the_keras_file_gives_the_runs_figures(run: Run, pictures: ImageSet, tmp_path: Path) -> None:
    copy = tmp_path / "mine.keras"
    copy.write_bytes(run.model_path.read_bytes())
    # Without the run nothing says how the pictures were stored: the whole square, which here is the same.
    found = evaluate(EvaluateOptions(copy, pictures.folder))
    wanted = evaluate(EvaluateOptions(run.folder, pictures.folder, None, tmp_path / "run"))
    assert found.metrics.confusion.tolist() == wanted.metrics.confusion.tolist()
    assert found.folder == tmp_path / "mine_evaluation"


def test_one_picture_gets_the_answer_it_gets_in_the_set(run: Run, pictures: ImageSet) -> None:
    classifier = keras_classifier(run.model_path)
    assert classifier.labels == CLASSES
    split = pictures.split("validation")
    whole = predict_keras(classifier.model, pictures, "validation", classifier.preprocess, Silent())
    for index in (0, 7):
        alone = classifier.probabilities(classifier.preprocess(np.asarray(split.images[index]))[None])
        np.testing.assert_allclose(alone[0], whole.probabilities[index], atol=BATCH)


def test_predictions_of_a_path_and_of_its_model_are_equal(run: Run, pictures: ImageSet) -> None:
    preprocess = run.info.preprocess
    by_path = predict_keras(run.model_path, pictures, "validation", preprocess, Silent())
    model = keras_classifier(run.folder).model
    by_model = predict_keras(model, pictures, "validation", preprocess, Silent(), model_sha256="abc")
    np.testing.assert_array_equal(by_path.probabilities, by_model.probabilities)
    assert (by_path.model_sha256, by_model.model_sha256) == (run.info.model_sha256, "abc")


def test_another_number_of_classes_is_refused(run: Run, pictures: ImageSet) -> None:
    model = keras_classifier(run.folder).model
    other = ImageSet(pictures.folder, replace(pictures.header, classes=("a", "b")))
    with pytest.raises(LabelMismatch):
        predict_keras(model, other, "validation", Preprocess(40, 1.0, 32), Silent())


def test_labels_must_be_the_classes_in_their_order_or_plain_numbers(pictures: ImageSet) -> None:
    check_labels(CLASSES, pictures)
    check_labels(("0", "1", "2"), pictures)
    for labels in (CLASSES[::-1], ("red", "green"), ("1", "2", "3")):
        with pytest.raises(LabelMismatch):
            check_labels(labels, pictures)


def test_labels_that_are_markup_stay_text(run: Run, pictures: ImageSet, tmp_path: Path) -> None:
    from fv_train.evaluation_report import write
    from fv_train.metrics import measure
    from fv_train.mistakes import most_confident

    nasty = ("<script>alert(1)</script>", "a\x1b[31m&b", "c")
    plain = predict_keras(run.model_path, pictures, "validation", run.info.preprocess, Silent())
    answers = Predictions(plain.ids, plain.labels, plain.probabilities, nasty, "f" * 64, "validation", "m")
    report = write(
        folder=tmp_path,
        name="<b>x</b>",
        selected_on_reported=True,
        preprocess=run.info.preprocess,
        predictions=answers,
        metrics=measure(answers),
        mistakes=most_confident(answers, pictures.split("validation")),
        history=run.folder / "history.csv",
    )
    page = report.html.read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>x" not in page
    assert "selected on the reported split" in page


def test_what_is_not_there_is_said(run: Run, pictures: ImageSet, tmp_path: Path) -> None:
    with pytest.raises(MissingPath):
        evaluate(EvaluateOptions(tmp_path / "gone.keras", pictures.folder))
    with pytest.raises(BadRun):
        evaluate(EvaluateOptions(tmp_path, pictures.folder))
    with pytest.raises(UnknownName):
        evaluate(EvaluateOptions(run.folder, pictures.folder, "tset"))


def test_evaluating_imports_no_keras_until_a_full_model_is_asked() -> None:
    code = "import sys, fv_train.evaluate; sys.exit(any(n in sys.modules for n in ('keras', 'tensorflow', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
