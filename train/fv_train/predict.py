"""A Keras network's answers on uint8 network inputs, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

BATCH_SIZE = 64


def answers(
    model: keras.Model,
    batches: Iterable[NDArray[np.uint8]],
    batch_size: int = BATCH_SIZE,
    seen: Callable[[int], None] = lambda done: None,
) -> NDArray[np.float32]:
    """(N, C) float32: `model` on the batches one after the other, none larger than `batch_size`.

    `seen(done)` is called after each batch. Every call has the same batch size (the last batch is filled up with its
    own first picture), so that the network is compiled once.
    """
    parts, done = [], 0
    for batch in batches:
        missing = batch_size - len(batch)
        filled = np.concatenate([batch, np.repeat(batch[:1], missing, axis=0)]) if missing else batch
        parts.append(np.asarray(model.predict_on_batch(filled.astype(np.float32)), dtype=np.float32)[: len(batch)])
        done += len(batch)
        seen(done)
    return np.concatenate(parts) if parts else np.zeros((0, model.output_shape[-1]), dtype=np.float32)


def without_xla_on_cpu(model: keras.Model) -> keras.Model:
    """Have `model` answer by the fastest way there is: under TensorFlow on a CPU that is without XLA (`precision`)."""
    import keras

    from fv_train.precision import sees_gpu

    if keras.backend.backend() == "tensorflow":
        model.jit_compile = sees_gpu()
    return model
