"""Model files as somebody else makes them: TensorFlow's converter, tf2onnx and onnxruntime's quantizers, all tiny."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.edge_runtime.tiny_models import with_archive

SIZE = 32
CLASSES = 4


def network() -> Any:
    """Two convolutions and a depthwise one with hard-swish, which XNNPACK has no int8 kernel for."""
    import keras

    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(32, 3, strides=2, padding="same")(image)
    x = keras.layers.Activation("hard_silu")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.Activation("hard_silu")(x)
    x = keras.layers.Conv2D(64, 1)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(CLASSES, activation="softmax")(x))


def pictures() -> Iterator[np.ndarray]:
    chance = np.random.default_rng(0)
    return (chance.random((1, SIZE, SIZE, 3), dtype=np.float32) for _ in range(4))


def tflite_files(folder: Path) -> None:
    """float.tflite, model_int8.tflite (which is dynamic range), full.tflite (int8), labelled.tflite, cut.tflite."""
    import tensorflow as tf

    model = network()

    def converter() -> Any:
        return tf.lite.TFLiteConverter.from_keras_model(model)

    def quantizing() -> Any:
        made = converter()
        made.optimizations = [tf.lite.Optimize.DEFAULT]
        return made

    plain = converter().convert()
    (folder / "float.tflite").write_bytes(plain)
    (folder / "cut.tflite").write_bytes(plain[: len(plain) // 2])
    (folder / "model_int8.tflite").write_bytes(quantizing().convert())
    full = quantizing()
    full.representative_dataset = lambda: ([picture] for picture in pictures())
    full.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    full.inference_input_type = full.inference_output_type = tf.uint8
    data = full.convert()
    (folder / "full.tflite").write_bytes(data)
    with_metadata(data, folder / "labelled.tflite", "".join(f"class {number}\n" for number in range(CLASSES)))
    with_metadata(data, folder / "mislabelled.tflite", "one\ntwo\n")


def with_metadata(data: bytes, path: Path, labels: str) -> None:
    """The file with standard TFLite Metadata and a label file, and without a manifest of ours."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    from fv_export.write.tflite_metadata import model_metadata
    from tests.edge_runtime.tiny_models import manifest

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    entry, buffer = schema.MetadataT(), schema.BufferT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    described = model_metadata("somebody's", manifest(name="somebody's"), (1, SIZE, SIZE, 3), integer=True)
    buffer.data = np.frombuffer(described, np.uint8)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(data) + 4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    with_archive(bytes(builder.Output()), path, {"labels.txt": labels.encode()})


def flex_file(path: Path) -> None:
    """An operator that only TensorFlow has: the determinant of a matrix."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, 3, 4, 4), tf.float32)])
    def determinant(x: Any) -> Any:
        return tf.nn.softmax(tf.raw_ops.MatrixDeterminant(input=x))

    converter = tf.lite.TFLiteConverter.from_concrete_functions([determinant.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    path.write_bytes(converter.convert())


def onnx_files(folder: Path) -> None:
    """float.onnx, qdq.onnx, qoperator.onnx, model_int8.onnx (which is dynamic), cut.onnx."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_dynamic, quantize_static

    plain = folder / "float.onnx"
    plain.write_bytes(onnx_network())

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no type information
        def __init__(self) -> None:
            self._left = ({"x": picture.transpose(0, 3, 1, 2)} for picture in pictures())

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self._left, None)

    quantize_static(plain, folder / "qdq.onnx", Reader(), quant_format=QuantFormat.QDQ, per_channel=True)
    quantize_static(plain, folder / "qoperator.onnx", Reader(), quant_format=QuantFormat.QOperator)
    quantize_dynamic(plain, folder / "model_int8.onnx")
    whole = (folder / "qdq.onnx").read_bytes()
    (folder / "cut.onnx").write_bytes(whole[: len(whole) // 2])


def onnx_network() -> bytes:
    """Conv, Relu, GlobalAveragePool, Gemm, Softmax with a free batch, as PyTorch exports it."""
    from onnx import TensorProto, helper, numpy_helper

    chance = np.random.default_rng(0)
    weights = {
        "k": chance.normal(size=(16, 3, 3, 3)),
        "b": chance.normal(size=16),
        "w": chance.normal(size=(16, CLASSES)),
        "c": chance.normal(size=CLASSES),
    }
    nodes = [
        helper.make_node("Conv", ["x", "k", "b"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["y"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "c"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["shares"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["N", CLASSES])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="pytorch")
    model.metadata_props.add(key="author", value="somebody")
    data: bytes = model.SerializeToString()
    return data
