"""The stock converters: right answers, static shapes, nothing but built-in operators, the manifest inside."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import keras
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from fv_core.manifest import FILE_NAME, ONNX_KEY, Manifest
from fv_export.errors import ConverterRefused, SchemeRefused
from fv_export.via_converter import write
from tests.export.write import onnx_files, tflite_cases

SIZE = 16
PIXELS = (0.0, 255.0)
# float32 sums in another order.
FLOAT = 1e-5
# float16 kernels (`fv_export.schemes`).
HALF = 1e-2
FORMATS = ("tflite", "onnx")


@keras.saving.register_keras_serializable(package="fv-tests")
class Twisted(keras.layers.Layer):
    """A layer that is in no table of ours, of operations that both formats have."""

    def call(self, inputs):  # type: ignore[no-untyped-def]  # Keras's own signature
        return keras.ops.sin(inputs) + keras.ops.square(inputs)


class Inverted(keras.layers.Layer):
    """A layer that neither format has an operator for."""

    def call(self, inputs):  # type: ignore[no-untyped-def]  # Keras's own signature
        import tensorflow as tf

        return inputs + tf.math.bessel_i0e(inputs)


def _model(layer: keras.layers.Layer) -> keras.Model:
    keras.utils.set_random_seed(4)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(image)
    x = keras.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(x)
    x = layer(keras.layers.Reshape((8, 8, 16))(x))
    x = keras.layers.Conv2D(32, 3, use_bias=True)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(5, activation="softmax")(x))


def _answers(data: bytes, format_name: str, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
    loaded = tflite_cases.Loaded(data) if format_name == "tflite" else onnx_files.Loaded(data)
    return loaded.run(batch)


def _batch() -> NDArray[np.uint8]:
    return tflite_cases.pictures((SIZE, SIZE))


def _manifest(format_name: str) -> Manifest:
    return replace(tflite_cases.manifest("fp32", tuple("abcde")), format=format_name)


@pytest.mark.parametrize(("scheme", "tolerance"), [("fp32", FLOAT), ("fp16", HALF)])
@pytest.mark.parametrize("format_name", FORMATS)
def test_the_file_answers_as_the_model(format_name: str, scheme: str, tolerance: float) -> None:
    model, batch = _model(Twisted()), _batch()
    data = write(model, format_name, scheme, _manifest(format_name), PIXELS)
    expected = np.asarray(model(batch.astype(np.float32)))
    assert np.abs(_answers(data, format_name, batch) - expected).max() < tolerance


@pytest.mark.parametrize("format_name", FORMATS)
def test_pixels_are_brought_into_the_range_that_the_model_expects(format_name: str) -> None:
    model, batch = _model(Twisted()), _batch()
    data = write(model, format_name, "fp32", _manifest(format_name), (-1.0, 1.0))
    expected = np.asarray(model(batch.astype(np.float32) / 127.5 - 1.0))
    assert np.abs(_answers(data, format_name, batch) - expected).max() < FLOAT


def test_the_tflite_file_is_static_and_carries_its_manifest() -> None:
    data = write(_model(Twisted()), "tflite", "fp32", _manifest("tflite"), PIXELS)
    loaded = tflite_cases.Loaded(data)
    assert list(loaded.input["shape_signature"]) == [1, SIZE, SIZE, 3]
    assert loaded.interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["image"], "outputs": ["probabilities"]}
    }
    assert "SHAPE" not in loaded.operators()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert Manifest.from_json(archive.read(FILE_NAME).decode()) == _manifest("tflite")
        assert archive.read("labels.txt").decode().split() == list("abcde")


def test_the_onnx_file_is_static_and_carries_its_manifest() -> None:
    data = write(_model(Twisted()), "onnx", "fp32", _manifest("onnx"), PIXELS)
    loaded = onnx_files.Loaded(data)
    assert (loaded.input.name, loaded.input.shape) == ("image", [1, SIZE, SIZE, 3])
    assert (loaded.output.name, loaded.output.shape) == ("probabilities", [1, 5])
    properties = onnx.load_from_string(data).metadata_props
    assert {entry.key: entry.value for entry in properties}[ONNX_KEY] == _manifest("onnx").to_json()


@pytest.mark.parametrize("format_name", FORMATS)
def test_half_precision_halves_the_kernels(format_name: str) -> None:
    model = _model(Twisted())
    full, half = (len(write(model, format_name, scheme, _manifest(format_name), PIXELS)) for scheme in ("fp32", "fp16"))
    assert full - half > 2 * (3 * 3 * 16 * 32) * 0.9


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_same_model_gives_the_same_bytes(format_name: str) -> None:
    model = _model(Twisted())
    first, second = (write(model, format_name, "fp32", _manifest(format_name), PIXELS) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("format_name", FORMATS)
def test_operators_that_are_not_built_in_are_refused(format_name: str) -> None:
    with pytest.raises(ConverterRefused) as refusal:
        write(_model(Inverted()), format_name, "fp32", _manifest(format_name), PIXELS)
    assert "bessel" in refusal.value.why.lower()


def test_integer_schemes_are_refused() -> None:
    with pytest.raises(SchemeRefused):
        write(_model(Twisted()), "tflite", "int8", _manifest("tflite"), PIXELS)
