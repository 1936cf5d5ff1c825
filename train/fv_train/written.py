"""A written model must answer as the network in memory: what is saved is what learnt, or nothing is saved.

The two are built in different ways: the network that learns may compute in 16 bits, with fused kernels, from weights
that were carried over from stage to stage; the file is built anew under float32. What one of them does otherwise shows
in no training figure, and the file is worth nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from fv_train.errors import ModelDiffers
from fv_train.predict import answers, without_xla_on_cpu

# Pictures that both are shown.
CHECKED = 16
# Mean total variation distance of the probabilities. Measured on five trained networks: 5e-8 in float32, up to 0.004 in
# float16 and 0.035 in bfloat16; 0.48 for an EfficientNetB0 that saw x / 255 where its file sees (x / 255 - 0.5) / 0.5.
LARGEST = 0.2


def as_in_memory(logits: keras.Model, inputs: NDArray[np.uint8], batch_size: int) -> Callable[[Path], None]:
    """A check of a `.keras` file: raises `ModelDiffers` where it does not answer as `logits` do now.

    `inputs`: (n, N, N, 3) network inputs; at most `batch_size` of them are shown, and `logits` are asked so many.
    """
    inputs = inputs[:batch_size]
    expected = softmax(answers(logits, [inputs], batch_size), axis=1)

    def check(path: Path) -> None:
        model = without_xla_on_cpu(keras.models.load_model(path, compile=False))
        found = answers(model, [inputs], len(inputs))
        distance = float(np.abs(found - expected).sum(axis=1).mean() / 2)
        if not distance <= LARGEST:
            raise ModelDiffers(
                "the written model does not answer as the network that was trained",
                why=f"their probabilities on {len(inputs)} pictures are {distance:.2f} apart (mean total variation), "
                f"more than {LARGEST:g}; this is a fault of fv, and the checkpoints are whole",
            )

    return check
