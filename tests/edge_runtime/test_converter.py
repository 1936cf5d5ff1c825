"""Files that TensorFlow's stock converter writes: the foreign files that people have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fv_edge_runtime import Classifier
from fv_edge_runtime.inspect import inspect_model

pytestmark = pytest.mark.slow

SIZE = 32
LABELS = tuple("abcde")
SAMPLES = 16
# Float kernels of TensorFlow and of XNNPACK sum in another order.
FLOAT_TOLERANCE = 1e-5
# Three quantized layers, steep logits, and an output in steps of 1/256; a wrong range differs by more than 0.2 (below).
INTEGER_TOLERANCE = 0.05


@pytest.fixture(scope="module")
def pixels() -> Any:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (SAMPLES, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(SIZE // 4, axis=1).repeat(SIZE // 4, axis=2)


@pytest.fixture(scope="module")
def keras_model() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(len(LABELS), kernel_initializer=keras.initializers.RandomNormal(stddev=5.0)),
            layers.Softmax(),
        ]
    )


def convert(model: Any, pixels: Any, kind: str, path: Path) -> Path:
    """`float` or `dynamic` take float; `int8` and `uint8` take and give integers. All want pixels from -1 to 1."""
    import tensorflow as tf

    def samples() -> Iterator[list[Any]]:
        for picture in pixels:
            yield [picture[None].astype(np.float32) / 127.5 - 1]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if kind != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind in ("int8", "uint8"):
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = getattr(tf, kind)
    path.write_bytes(converter.convert())
    return path


@pytest.mark.parametrize("kind", ["float", "dynamic", "int8", "uint8"])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # the converter's own
def test_it_answers_as_the_model_does(kind: str, keras_model: Any, pixels: Any, tmp_path: Path) -> None:
    path = convert(keras_model, pixels, kind, tmp_path / "m.tflite")
    wanted = np.asarray(keras_model(pixels.astype(np.float32) / 127.5 - 1))
    found = Classifier(path, labels=LABELS, input_range=(-1.0, 1.0)).probabilities(pixels)
    tolerance = FLOAT_TOLERANCE if kind == "float" else INTEGER_TOLERANCE
    np.testing.assert_allclose(found, wanted, atol=tolerance)
    if kind in ("int8", "uint8"):
        # Calibrated on pixels from -1 to 1, the whole range of the stored integers is the whole range of bytes.
        raw = Classifier(path, labels=LABELS).probabilities(pixels)
        np.testing.assert_allclose(raw, wanted, atol=tolerance)
    # The oracle can tell: pictures that are darker by a quarter have other answers.
    assert abs(Classifier(path, labels=LABELS, input_range=(-1.0, 0.5)).probabilities(pixels) - wanted).max() > 0.2
    facts = inspect_model(path)
    assert facts.runtime is not None
    assert facts.inputs[0].shape == (-1, SIZE, SIZE, 3)
    assert facts.inputs[0].dtype == (kind if kind in ("int8", "uint8") else "float32")
    assert facts.float_islands == ()
