"""Tiny model files, built without TensorFlow: a TFLite flatbuffer from tables, an ONNX file from `onnx.helper`.

Both are classifiers of 8-pixel pictures into three classes, red, green and blue: the mean of each channel, times
`GAIN`, through a softmax.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fv_core.manifest import FILE_NAME, ONNX_KEY, Manifest
from fv_core.preprocess import Preprocess

SIZE = 8
LABELS = ("red", "green", "blue")
# Logits = mean / 16: a pure colour has a logit of 15.9 against 0.
GAIN = 1 / 16


def manifest(**changes: Any) -> Manifest:
    plain = Manifest(
        name="tiny",
        scheme="fp32",
        format="tflite",
        labels=LABELS,
        labels_from="file",
        preprocess=Preprocess(store_size=SIZE, crop_fraction=1.0, input_size=SIZE),
        source_sha256="0" * 64,
        versions={"fv": "0"},
    )
    return replace(plain, **changes)


@dataclass
class Tensor:
    """One tensor of a TFLite file; `data` for a constant."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    data: np.ndarray | None = None
    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()
    signature: tuple[int, ...] | None = None


@dataclass
class Model:
    """A TFLite graph: operators are (name, input indices, output indices)."""

    tensors: list[Tensor]
    operators: list[tuple[str, list[int], list[int]]]
    inputs: list[int]
    outputs: list[int]
    options: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        import flatbuffers
        from ai_edge_litert import schema_py_generated as s

        model = s.ModelT()
        model.version = 3
        model.description = "tiny"
        model.buffers = [s.BufferT()]
        model.operatorCodes, codes = [], {}
        graph = s.SubGraphT()
        graph.tensors = [self._tensor(s, model, tensor) for tensor in self.tensors]
        graph.operators = []
        for number, (name, inputs, outputs) in enumerate(self.operators):
            if name not in codes:
                codes[name] = len(codes)
                model.operatorCodes.append(_operator_code(s, name))
            operator = s.OperatorT()
            operator.opcodeIndex, operator.inputs, operator.outputs = codes[name], inputs, outputs
            if number in self.options:
                operator.builtinOptionsType, operator.builtinOptions = self.options[number]
            graph.operators.append(operator)
        graph.inputs, graph.outputs = self.inputs, self.outputs
        model.subgraphs = [graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    @staticmethod
    def _tensor(s: Any, model: Any, tensor: Tensor) -> Any:
        entry = s.TensorT()
        entry.name, entry.shape = tensor.name, list(tensor.shape)
        entry.shapeSignature = None if tensor.signature is None else list(tensor.signature)
        entry.type = getattr(s.TensorType, tensor.dtype.upper())
        entry.buffer = 0
        if tensor.data is not None:
            buffer = s.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(tensor.data).tobytes(), dtype=np.uint8)
            model.buffers.append(buffer)
            entry.buffer = len(model.buffers) - 1
        if tensor.scale:
            entry.quantization = s.QuantizationParametersT()
            entry.quantization.scale = list(tensor.scale)
            entry.quantization.zeroPoint = list(tensor.zero_point)
        return entry


def _operator_code(s: Any, name: str) -> Any:
    code = s.OperatorCodeT()
    code.version = 2 if name in ("MEAN", "SOFTMAX", "QUANTIZE", "DEQUANTIZE") else 1
    if name.startswith("CUSTOM:"):
        code.builtinCode, code.customCode = s.BuiltinOperator.CUSTOM, name.removeprefix("CUSTOM:")
    else:
        code.builtinCode = getattr(s.BuiltinOperator, name)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    return code


def _mean_options() -> tuple[int, Any]:
    from ai_edge_litert import schema_py_generated as s

    options = s.ReducerOptionsT()
    options.keepDims = False
    return s.BuiltinOptions.ReducerOptions, options


def _softmax_options() -> tuple[int, Any]:
    from ai_edge_litert import schema_py_generated as s

    options = s.SoftmaxOptionsT()
    options.beta = GAIN
    return s.BuiltinOptions.SoftmaxOptions, options


def float_model() -> Model:
    """float32 0…255 -> MEAN over rows and columns -> SOFTMAX with beta = GAIN."""
    return Model(
        tensors=[
            Tensor("image", (1, SIZE, SIZE, 3)),
            Tensor("axes", (2,), "int32", np.array([1, 2], dtype=np.int32)),
            Tensor("mean", (1, 3)),
            Tensor("shares", (1, 3)),
        ],
        operators=[("MEAN", [0, 1], [2]), ("SOFTMAX", [2], [3])],
        inputs=[0],
        outputs=[3],
        options={0: _mean_options(), 1: _softmax_options()},
    )


def quantized_model(input_dtype: str = "uint8", output_dtype: str = "float32") -> Model:
    """uint8 or int8 pixels -> the same in int8 -> MEAN -> HARD_SWISH -> DEQUANTIZE -> SOFTMAX (-> QUANTIZE)."""
    pixels = ((1.0,), (0,) if input_dtype == "uint8" else (-128,))
    signed = ((1.0,), (-128,))
    model = Model(
        tensors=[
            Tensor("image", (1, SIZE, SIZE, 3), input_dtype, None, *pixels),
            Tensor("axes", (2,), "int32", np.array([1, 2], dtype=np.int32)),
            Tensor("signed", (1, SIZE, SIZE, 3), "int8", None, *signed),
            Tensor("mean", (1, 3), "int8", None, *signed),
            Tensor("swished", (1, 3), "int8", None, *signed),
            Tensor("logits", (1, 3)),
            Tensor("shares", (1, 3)),
        ],
        operators=[
            ("QUANTIZE", [0], [2]),
            ("MEAN", [2, 1], [3]),
            ("HARD_SWISH", [3], [4]),
            ("DEQUANTIZE", [4], [5]),
            ("SOFTMAX", [5], [6]),
        ],
        inputs=[0],
        outputs=[6],
        options={1: _mean_options(), 4: _softmax_options()},
    )
    if output_dtype != "float32":
        model.tensors.append(
            Tensor("answer", (1, 3), output_dtype, None, (1 / 256,), (0 if output_dtype == "uint8" else -128,))
        )
        model.operators.append(("QUANTIZE", [6], [7]))
        model.outputs = [7]
    return model


def with_archive(data: bytes, path: Path, members: dict[str, bytes]) -> Path:
    """Write `data` with a zip archive of `members` appended."""
    path.write_bytes(data)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def with_manifest(model: Model, path: Path, **changes: Any) -> Path:
    return with_archive(model.to_bytes(), path, {FILE_NAME: manifest(**changes).to_json().encode()})


def onnx_model(*, channels_first: bool = False, batch: int | str = 1, softmax: bool = True) -> Any:
    """float32 -> ReduceMean -> Mul -> Softmax, as an onnx.ModelProto."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    axes = [2, 3] if channels_first else [1, 2]
    shape = [batch, 3, SIZE, SIZE] if channels_first else [batch, SIZE, SIZE, 3]
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=axes, keepdims=0),
        helper.make_node("Mul", ["mean", "gain"], ["logits"]),
    ]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["logits"], ["shares"], axis=-1))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("shares" if softmax else "logits", TensorProto.FLOAT, [batch, 3])],
        [numpy_helper.from_array(np.array(GAIN, dtype=np.float32), "gain")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="tiny")
    model.ir_version = 10
    onnx.checker.check_model(model)
    return model


def onnx_with_manifest(path: Path, **changes: Any) -> Path:
    model = onnx_model()
    entry = model.metadata_props.add()
    entry.key, entry.value = ONNX_KEY, manifest(format="onnx", **changes).to_json()
    path.write_bytes(model.SerializeToString())
    return path
