"""Distillation: the soft part of the loss, who may teach, and that a student follows its teacher."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from fv_core.errors import MissingPath
from fv_core.files import sha256_of_file
from fv_core.imageset import ImageSet
from fv_train.begin import TrainOptions, create, resumable
from fv_train.errors import BadTeacher, ResumeRefused
from fv_train.loop import train
from fv_train.recipe import Distill
from fv_train.run import Run
from fv_train.teacher import SoftTargets, Teacher, divergence
from tests.train._pictures import CLASSES, imageset, tiny_recipe, with_tiny_backbone

# float32 sums of a few exponentials.
FLOAT = 1e-5


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with with_tiny_backbone():
        yield


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return imageset(tmp_path_factory.mktemp("teacher") / "set").folder


@pytest.fixture(scope="module")
def taught(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    recipe = tiny_recipe("stage.scratch.epochs=3", "stage.scratch.learning_rate=0.01")
    return train(TrainOptions(recipe, pictures, tmp_path_factory.mktemp("runs") / "teacher"))


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_divergence_is_that_of_the_softened_distributions(temperature: float) -> None:
    random = np.random.default_rng(0)
    student, teacher = random.normal(size=(2, 5, 7)).astype(np.float32) * 3
    p = softmax(teacher / temperature, axis=1)
    wanted = (p * (np.log(p) - log_softmax(student / temperature, axis=1))).sum(axis=1).mean() * temperature**2
    found = divergence(student, softmax(teacher, axis=1).astype(np.float32), temperature)
    assert float(found) == pytest.approx(wanted, rel=1e-4, abs=FLOAT)


def test_a_student_that_answers_as_its_teacher_loses_nothing() -> None:
    logits = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    layer = SoftTargets(Distill(temperature=2.0))
    np.testing.assert_array_equal(np.asarray(layer(logits, softmax(logits, axis=1))), logits)
    assert float(layer.losses[0]) == pytest.approx(0.0, abs=FLOAT)


def test_a_certain_teacher_gives_a_finite_loss() -> None:
    logits = np.zeros((2, 3), np.float32)
    assert np.isfinite(float(divergence(logits, np.eye(3, dtype=np.float32)[:2], 1.0)))


def test_a_student_learns_from_its_teacher_alone(taught: Run, pictures: Path, tmp_path: Path) -> None:
    settings = (f"distill.teacher={taught.folder}", "stage.scratch.epochs=4", "stage.scratch.learning_rate=0.01")
    run = train(TrainOptions(tiny_recipe(*settings, "data.seed=7"), pictures, tmp_path / "student"))
    small = np.asarray(ImageSet.open(pictures).split("validation").images)[:, 4:36, 4:36].astype(np.float32)
    answers = [
        np.argmax(keras.saving.load_model(one.model_path).predict(small, verbose=0), axis=1) for one in (taught, run)
    ]
    assert (answers[0] == answers[1]).mean() > 0.9


def test_a_run_teaches_at_any_size_and_a_file_at_its_own(taught: Run) -> None:
    assert Teacher(Distill(str(taught.folder)), CLASSES).at(48).input_shape[1] == 48
    with pytest.raises(BadTeacher, match="32 px"):
        Teacher(Distill(str(taught.model_path)), CLASSES).at(48)


def test_a_teacher_of_other_classes_is_refused(taught: Run) -> None:
    with pytest.raises(BadTeacher, match="other classes"):
        Teacher(Distill(str(taught.folder)), ("red", "green", "black"))
    with pytest.raises(BadTeacher, match="answers for 3"):
        Teacher(Distill(str(taught.model_path)), ("red", "green"))


def test_a_teacher_does_not_learn(taught: Run) -> None:
    model = Teacher(Distill(str(taught.folder)), CLASSES).at(32)
    assert not model.trainable_variables


def test_a_teacher_that_was_replaced_is_refused_on_resume(taught: Run, pictures: Path, tmp_path: Path) -> None:
    teacher = tmp_path / "teacher"
    shutil.copytree(taught.folder, teacher)
    chosen = TrainOptions(tiny_recipe(f"distill.teacher={teacher}"), pictures, tmp_path / "student")
    begun = create(chosen, ImageSet.open(pictures))
    assert begun.info.teacher_sha256 == taught.info.model_sha256
    resumable(chosen, ImageSet.open(pictures))
    model = teacher / "model.keras"
    model.write_bytes(model.read_bytes() + b"another")
    with pytest.raises(ResumeRefused) as caught:
        resumable(chosen, ImageSet.open(pictures))
    assert (
        caught.value.why
        == f"its model was {taught.info.model_sha256[:16]} (SHA-256), and is {sha256_of_file(model)[:16]}"
    )
    # A manifest from before the digest was recorded says nothing, and is believed.
    begun.write_info(replace(begun.info, teacher_sha256=""))
    resumable(chosen, ImageSet.open(pictures))


def test_a_teacher_that_is_gone_is_said_before_anything_is_written(pictures: Path, tmp_path: Path) -> None:
    chosen = TrainOptions(tiny_recipe(f"distill.teacher={tmp_path / 'gone'}"), pictures, tmp_path / "student")
    with pytest.raises(MissingPath, match="no teacher at"):
        create(chosen, ImageSet.open(pictures))
    assert not (tmp_path / "student").exists()


def test_a_run_without_a_teacher_records_none(taught: Run) -> None:
    assert taught.info.teacher_sha256 == ""
