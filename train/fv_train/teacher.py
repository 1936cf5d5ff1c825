"""Distillation: a better network's answers as soft targets, on the very views that the student sees.

    loss = (1 - w) CE(labels, student) + w T^2 KL(teacher_T || student_T)

with p_T = softmax(logits / T) (Hinton et al. 2015, arXiv 1503.02531, section 2). A teacher gives probabilities p, and
softmax(log(p) / T) is the same. The T^2 keeps the gradients of the soft targets as large at every temperature. Teacher
and student see one augmented view ("a consistent teacher", Beyer et al. 2021, arXiv 2106.05237, section 3.1).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from keras import ops

from fv_train import backbones
from fv_train.carry import carry
from fv_train.errors import BadTeacher
from fv_train.load import load_classifier
from fv_train.recipe import Distill
from fv_train.run import Run

# log(0) is -inf; a probability below this one carries no information in float32.
_SMALLEST = 1e-12


class Teacher:
    """A finished classifier: of a run at any input size, of a `.keras` file at its own."""

    def __init__(self, settings: Distill, classes: tuple[str, ...]) -> None:
        """Open it; raises `BadTeacher`, `MissingPath`, `UnfinishedRun` and what a foreign file can be."""
        path = Path(settings.teacher)
        self._run = Run.open(path) if path.is_dir() else None
        self._model = load_classifier(self._run.model_path if self._run else path)
        self._name = settings.teacher
        if self._run and self._run.info.classes != classes:
            raise BadTeacher(
                f"the teacher {path} knows other classes",
                why=f"it was trained on {len(self._run.info.classes)}, the pictures have {len(classes)}",
                hint="train a teacher on the same image set",
            )
        if self._model.output_shape[-1] != len(classes):
            raise BadTeacher(
                f"the teacher {path} answers for {self._model.output_shape[-1]} classes",
                why=f"the pictures have {len(classes)}",
            )

    def at(self, input_size: int) -> keras.Model:
        """The network (n, N, N, 3) raw pixels -> (n, C) probabilities, frozen."""
        model = self._model
        if model.input_shape[1] != input_size:
            if self._run is None:
                raise BadTeacher(
                    f"the teacher {self._name} sees pictures of {model.input_shape[1]} px",
                    why=f"the recipe trains at {input_size}, and both must see the same",
                    hint=f"--set data.input_size={model.input_shape[1]}",
                )
            classes = len(self._run.info.classes)
            network = backbones.build(self._run.recipe, classes, load_weights=False, input_size=input_size)
            carry(model.get_weights(), network.probabilities)
            model = network.probabilities
        model.trainable = False
        # Keras numbers models without a name, from one in every process: a file's name may be that of the student.
        model.name = "fv_teacher"
        return model


class SoftTargets(keras.layers.Layer):  # type: ignore[misc]  # keras has no type information
    """Logits go through unchanged; the soft part of the loss is added on the way."""

    def __init__(self, settings: Distill) -> None:
        super().__init__(name="soft_targets", dtype="float32")
        self.weight = settings.weight
        self.temperature = settings.temperature

    def call(self, logits: Any, probabilities: Any) -> Any:
        """`logits` (n, C) of the student, `probabilities` (n, C) of the teacher."""
        # tf.distribute traces the devices by turns between exchanges of statistics: the loss of another may be here.
        self._clear_losses()
        self.add_loss(self.weight * divergence(logits, probabilities, self.temperature))
        return logits


def divergence(logits: Any, probabilities: Any, temperature: float) -> Any:
    """T^2 KL(teacher_T || student_T), mean over the batch."""
    teacher = ops.log_softmax(ops.log(ops.maximum(probabilities, _SMALLEST)) / temperature)
    student = ops.log_softmax(logits / temperature)
    return temperature**2 * ops.mean(ops.sum(ops.exp(teacher) * (teacher - student), axis=-1))
