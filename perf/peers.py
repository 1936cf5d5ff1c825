"""What others make of a Keras model, each at its documented best, one file a call.

    python perf/peers.py KIND MODEL.keras OUT PICTURES.npy      KIND: a name of `KINDS`; PICTURES (n, H, W, 3) uint8

Run in a process of its own, so that time and memory are those of the peer alone. Pictures calibrate the integer kinds.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]


def tflite_float(model: Any, out: Path, pictures: Pictures) -> None:
    """`TFLiteConverter.from_keras_model`, nothing else."""
    import tensorflow as tf

    out.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def tflite_int8(model: Any, out: Path, pictures: Pictures) -> None:
    """The converter's full-integer quantization, as TensorFlow's guide has it; uint8 in and out."""
    import tensorflow as tf

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for picture in pictures:
            yield [picture[None].astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    out.write_bytes(converter.convert())


def _image(model: Any, batch: int | None) -> Any:
    import tensorflow as tf

    return tf.TensorSpec((batch, *model.input_shape[1:]), tf.float32, name="image")


def _frozen(model: Any, batch: int | None) -> Any:
    """The model as one concrete function, its variables constants."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    function = tf.function(lambda image: model(image, training=False))
    return convert_variables_to_constants_v2(function.get_concrete_function(_image(model, batch)))


def tf2onnx_float(model: Any, out: Path, pictures: Pictures) -> None:
    """Plain tf2onnx on the frozen graph. Otherwise the constants of Keras's Normalization become inputs without values.

    Constants that it lists as inputs are taken off the list, or the file would ask for them.
    """
    import onnx
    import tf2onnx

    frozen = _frozen(model, None)
    names = {"input_names": [frozen.inputs[0].name], "output_names": [frozen.outputs[0].name]}
    tf2onnx.convert.from_graph_def(frozen.graph.as_graph_def(), **names, opset=17, output_path=str(out))
    graph = onnx.load(out)
    constants = {tensor.name for tensor in graph.graph.initializer}
    kept = [value for value in graph.graph.input if value.name not in constants]
    del graph.graph.input[:]
    graph.graph.input.extend(kept)
    onnx.save(graph, out)


def onnx_int8(model: Any, out: Path, pictures: Pictures) -> None:
    """`quantize_static` after `quant_pre_process`: QDQ, per-channel weights, minimum and maximum."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no type information
        def __init__(self, name: str) -> None:
            self._left, self._name = iter(pictures), name

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            picture = next(self._left, None)
            return None if picture is None else {self._name: picture[None].astype(np.float32)}

    with tempfile.TemporaryDirectory() as folder:
        plain, ready = Path(folder) / "plain.onnx", Path(folder) / "ready.onnx"
        tf2onnx_float(model, plain, pictures)
        # Probabilities in 8 bits do not add up to 1: at its best, the file keeps its last operator in float.
        graph = onnx.load(plain).graph
        last = [node.name for node in graph.node if node.op_type == "Softmax"]
        quant_pre_process(str(plain), str(ready))
        quantize_static(
            str(ready),
            str(out),
            Reader(graph.input[0].name),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=last,
        )


def ai_edge_int8(model: Any, out: Path, pictures: Pictures) -> None:
    """ai-edge-quantizer's `static_wi8_ai8` on the converter's float file, at batch 1, as its calibration wants.

    The graph is frozen first: its calibrator reads every tensor, and has no reading of a variable.
    """
    import tensorflow as tf
    from ai_edge_quantizer import quantizer, recipe

    frozen = _frozen(model, 1)

    def probabilities(image: Any) -> dict[str, Any]:
        return {"probabilities": frozen(image)[0]}

    with tempfile.TemporaryDirectory() as folder:
        saved, plain = Path(folder) / "saved", Path(folder) / "plain.tflite"
        module = tf.Module()
        module.f = tf.function(probabilities).get_concrete_function(_image(model, 1))
        # silu has a gradient of its own, which holds a constant that was frozen away; nobody trains the file.
        plainly = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        tf.saved_model.save(module, str(saved), signatures={"serving_default": module.f}, options=plainly)
        plain.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert())
        made = quantizer.Quantizer(str(plain), recipe.static_wi8_ai8())
        data = {"serving_default": [{"image": picture[None].astype(np.float32)} for picture in pictures]}
        result = made.quantize(made.calibrate(data))
        result.export_model(str(out), overwrite=True)


KINDS: dict[str, tuple[str, Callable[[Any, Path, Pictures], None]]] = {
    "tflite_float": (".tflite", tflite_float),
    "tflite_int8": (".tflite", tflite_int8),
    "tf2onnx_float": (".onnx", tf2onnx_float),
    "onnx_int8": (".onnx", onnx_int8),
    "ai_edge_int8": (".tflite", ai_edge_int8),
}


def main(kind: str, model: Path, out: Path, pictures: Path) -> None:
    import keras

    KINDS[kind][1](keras.saving.load_model(model, compile=False), out, np.load(pictures))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(sys.argv[1], *(Path(word) for word in sys.argv[2:5]))
