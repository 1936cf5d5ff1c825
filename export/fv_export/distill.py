"""The compiled step of the fine-tuning: the float graph teaches the 8-bit one on the same pictures.

    loss = mean over pictures of sum_c t_c (log t_c - log y_c)      t, y: probabilities of the float graph, the student

(Hinton et al. 2015, arXiv 1503.02531, at temperature 1: what the file answers is what is compared.) No label is read,
so any pictures like those that the device will see can teach. The gradient goes to one flat vector (`trainable`), and
Adam (Kingma and Ba 2015, arXiv 1412.6980) moves it.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fv_export.execute import answer_of, as_it_is, forward
from fv_export.graph import Floats, Graph
from fv_export.trainable import Student
from fv_train.augment import FIELDS, AugmentLayer
from fv_train.recipe import Augment

_AT_ONCE = 64


class Distillation:
    """A teacher, a student, and where the student stands.

    `teacher`: the float graph, or any with the same answers. `stored_size`: side of the stored squares in pixels.
    """

    def __init__(self, teacher: Graph, student: Student, stored_size: int) -> None:
        self._student = student
        self._position = keras.Variable(np.zeros(student.size, np.float32), name="displacement")
        self._adam = keras.optimizers.Adam(learning_rate=0.0)
        self._adam.build([self._position])
        self._limits = student.limits()
        answer = answer_of(teacher)
        self._teacher = forward(teacher, (answer,), as_it_is)
        self._teacher_gives_logits = answer != teacher.output
        _, rows, columns, channels = student.graph.shapes[student.graph.input]
        self._augment = AugmentLayer(stored_size, rows, Augment())
        squares = tf.TensorSpec((None, stored_size, stored_size, channels), tf.uint8)
        numbers = tf.TensorSpec((None, len(FIELDS)), tf.float32)
        inputs = tf.TensorSpec((None, rows, columns, channels), tf.float32)
        self._step = tf.function(self._move, input_signature=[squares, numbers], autograph=False)
        self._same = tf.function(self._same_of_each, input_signature=[inputs], autograph=False)
        self._loss = tf.function(self._loss_of_each, input_signature=[inputs], autograph=False)

    def step(self, images: NDArray[np.uint8], parameters: Floats, learning_rate: float) -> float:
        """One step on stored squares (n, S, S, 3), augmented by `parameters` (n, FIELDS); returns the loss."""
        self._adam.learning_rate = learning_rate
        return float(self._step(tf.constant(images), tf.constant(parameters)))

    def agreement(self, inputs: NDArray[np.uint8]) -> float:
        """Share of the network inputs (n, N, N, 3) to which teacher and student give the same answer."""
        return self._mean(self._same, inputs)

    def divergence(self, inputs: NDArray[np.uint8]) -> float:
        """The loss on network inputs (n, N, N, 3)."""
        return self._mean(self._loss, inputs)

    def position(self) -> Floats:
        """The flat vector as it stands."""
        return np.array(keras.ops.convert_to_numpy(self._position), np.float32)

    def place(self, position: Floats) -> None:
        """Put the flat vector somewhere, Adam's state as it is."""
        self._position.assign(position)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that changes: the vector ("0") and Adam's state."""
        return {f"{index}": np.array(keras.ops.convert_to_numpy(entry)) for index, entry in enumerate(self._state())}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Set what `arrays` gave."""
        for index, variable in enumerate(self._state()):
            variable.assign(arrays[f"{index}"])

    def _state(self) -> list[Any]:
        return [self._position, *self._adam.variables]

    def _move(self, images: Any, parameters: Any) -> Any:
        pictures = tf.round(self._augment.cropped(images, parameters))
        target = tf.stop_gradient(self._taught(pictures))
        with tf.GradientTape() as tape:
            position = tf.convert_to_tensor(self._position.value)
            tape.watch(position)
            loss = tf.reduce_mean(_divergence(target, self._student.logits(position, pictures)))
        self._adam.apply([tape.gradient(loss, position)], [self._position])
        self._position.assign(tf.clip_by_value(self._position.value, *self._limits))
        return loss

    def _mean(self, of_each: Any, inputs: NDArray[np.uint8]) -> float:
        parts = (inputs[start : start + _AT_ONCE] for start in range(0, len(inputs), _AT_ONCE))
        return float(np.concatenate([of_each(tf.constant(part, tf.float32)).numpy() for part in parts]).mean())

    def _loss_of_each(self, pictures: Any) -> Any:
        return _divergence(self._taught(pictures), self._logits(pictures))

    def _same_of_each(self, pictures: Any) -> Any:
        return tf.argmax(self._taught(pictures), axis=1) == tf.argmax(self._logits(pictures), axis=1)

    def _logits(self, pictures: Any) -> Any:
        return self._student.logits(tf.convert_to_tensor(self._position.value), pictures)

    def _taught(self, pictures: Any) -> Any:
        (values,) = self._teacher(pictures)
        return tf.nn.softmax(values) if self._teacher_gives_logits else values


def _divergence(target: Any, logits: Any) -> Any:
    """(n,): Kullback-Leibler divergence of softmax(logits) (n, C) from the distributions `target` (n, C)."""
    entropy = -tf.reduce_sum(tf.math.xlogy(target, target), axis=1)
    return tf.nn.softmax_cross_entropy_with_logits(target, logits) - entropy
