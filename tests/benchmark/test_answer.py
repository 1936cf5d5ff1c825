from dataclasses import replace

import numpy as np
import pytest

from fv_benchmark.answer import Question, answer
from fv_core.progress import Silent
from fv_edge_runtime.classifier import Classifier
from fv_edge_runtime.errors import LabelCount, NotProbabilities
from tests.benchmark.builders import image_set
from tests.edge_runtime import tiny_models


class Recorder(Silent):
    def __init__(self):
        self.seen = []

    def advance(self, task, done, total, note=""):
        self.seen.append((task, done, total))


@pytest.fixture
def question(tmp_path):
    image_set(tmp_path / "set")
    return Question(tmp_path / "set", "validation", threads=1)


def test_the_child_answers_as_the_classifier_here(tmp_path, question):
    path = tiny_models.with_manifest(tiny_models.float_model(), tmp_path / "tiny_fp32.tflite")
    progress = Recorder()
    found = answer(path, question, progress, "answering, tiny")
    images = image_set(tmp_path / "again").split("validation").images
    assert np.array_equal(found.probabilities, Classifier(path).probabilities(np.asarray(images)))
    assert progress.seen[-1] == ("answering, tiny", 60, 60)


def test_a_file_without_labels_takes_the_classes_of_the_image_set(tmp_path, question):
    foreign = tmp_path / "foreign.tflite"
    foreign.write_bytes(tiny_models.float_model().to_bytes())
    named = tiny_models.with_manifest(tiny_models.float_model(), tmp_path / "named.tflite")
    asked = [answer(path, question, Silent(), "answering") for path in (foreign, named)]
    assert np.array_equal(asked[0].probabilities, asked[1].probabilities)


def test_a_limit_reaches_the_child(tmp_path, question):
    path = tiny_models.onnx_with_manifest(tmp_path / "tiny.onnx")
    assert len(answer(path, replace(question, limit=9), Silent(), "answering").ids) == 9


def test_what_goes_wrong_in_the_child_is_the_same_error_here(tmp_path, question):
    logits = tmp_path / "logits.onnx"
    logits.write_bytes(tiny_models.onnx_model(softmax=False).SerializeToString())
    with pytest.raises(NotProbabilities):
        answer(logits, question, Silent(), "answering")
    path = tiny_models.with_manifest(tiny_models.float_model(), tmp_path / "two.tflite", labels=("a", "b"))
    with pytest.raises(LabelCount):
        answer(path, question, Silent(), "answering")
