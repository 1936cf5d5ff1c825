"""The plain float path, for models with layers that the normal form has no entry for.

TFLite through TensorFlow's converter, ONNX through tf2onnx; fp32 and fp16 only, for whoever quantizes must know what is
inside. Both see a `tf.function` with the static signature (1, H, W, 3): `model.export` would free the batch, which
leaves SHAPE and PACK operators, and `TFLiteConverter.from_concrete_functions` of a Keras 3 model writes files that
answer at chance without a word (docs/findings.md). So Keras's own `ExportArchive` writes the function as a SavedModel.

A file with a custom operator (Flex needs a runtime that phones and boards do not have) or a free dimension is refused.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fv_core.manifest import Manifest
from fv_export.errors import ConverterRefused, SchemeRefused
from fv_export.via_onnx import finished_onnx
from fv_export.via_tflite import finished_tflite
from fv_export.write._onnx_builder import INPUT, OPSET, OUTPUT

if TYPE_CHECKING:
    import keras

SCHEMES = ("fp32", "fp16")
_HINT = "leave the layer out, or put a layer of the normal form in its place"


def write(
    model: keras.Model, format_name: str, scheme: str, manifest: Manifest, input_range: tuple[float, float]
) -> bytes:
    """The bytes of the file, manifest inside: `image` (1, H, W, 3) float32 0..255 -> `probabilities` (1, C) float32.

    `input_range`: what the model expects for pixel values 0 and 255. Raises `SchemeRefused` for a scheme that is not
    fp32 or fp16, `ConverterRefused` where the converter needs an operator that is not built in.
    """
    if scheme not in SCHEMES:
        raise SchemeRefused(
            f"there is no {scheme} of this model",
            why="it has layers that fv does not know, so it is converted as it is, in float",
            hint="fv export --fp32 --fp16",
        )
    convert = {"tflite": _tflite, "onnx": _onnx}[format_name]
    return convert(model, scheme, manifest, input_range)


def _static_function(model: keras.Model, input_range: tuple[float, float]) -> tuple[Callable[[Any], Any], Any]:
    """The model as a function of one picture, and its signature."""
    import tensorflow as tf

    low, high = input_range
    height, width, channels = (int(size) for size in model.input_shape[1:])

    def answer(image: Any) -> dict[str, Any]:
        scaled = image if input_range == (0.0, 255.0) else image * ((high - low) / 255.0) + low
        return {OUTPUT: model(scaled, training=False)}

    return answer, tf.TensorSpec((1, height, width, channels), tf.float32, name=INPUT)


@contextlib.contextmanager
def _saved(model: keras.Model, input_range: tuple[float, float]) -> Iterator[Path]:
    from keras.export import ExportArchive

    answer, signature = _static_function(model, input_range)
    archive = ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", answer, input_signature=[signature])
    with tempfile.TemporaryDirectory(prefix="fv-saved-model-") as folder:
        archive.write_out(folder, verbose=False)
        yield Path(folder)


def _tflite(model: keras.Model, scheme: str, manifest: Manifest, input_range: tuple[float, float]) -> bytes:
    import tensorflow as tf
    from tensorflow.lite.python.convert import ConverterError

    with _saved(model, input_range) as folder:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=["serving_default"])
        if scheme == "fp16":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        try:
            data: bytes = converter.convert()
        except ConverterError as error:
            raise _refused("TFLite", _reason(str(error))) from error
    try:
        return finished_tflite(data, manifest)
    except ValueError as error:
        raise _refused("TFLite", str(error)) from error


def _onnx(model: keras.Model, scheme: str, manifest: Manifest, input_range: tuple[float, float]) -> bytes:
    import tensorflow as tf
    import tf2onnx

    answer, signature = _static_function(model, input_range)
    function = tf.function(lambda image: answer(image)[OUTPUT], input_signature=[signature])
    # What tf2onnx logs of operators that it cannot write is the reason of the refusal.
    log = logging.getLogger("tf2onnx")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        proto, _ = tf2onnx.convert.from_function(function, input_signature=[signature], opset=OPSET)
        return finished_onnx(proto, manifest, half=scheme == "fp16")
    except ValueError as error:
        raise _refused("ONNX", str(error)) from error
    finally:
        log.setLevel(level)


def _refused(format_name: str, why: str) -> ConverterRefused:
    return ConverterRefused(f"the model cannot be written as {format_name}", why=why, hint=_HINT)


def _reason(text: str) -> str:
    """The line of the converter's long message that names the operators."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if "ops:" in line or "op " in line]
    return (named or lines or ["the converter gave no reason"])[0][:300]
