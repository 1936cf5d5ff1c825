"""The facts of an ONNX file, from its structure.

In the QDQ form every tensor is float on paper; an activation is quantized where it goes through QuantizeLinear. What
is left in float is the result of another node that something else than a QuantizeLinear reads. An activation function
that onnxruntime takes into the node before it (`_TAKEN_IN`) needs no quantized tensor between the two; a node that only
moves what was quantized before (`_MOVES`) computes nothing, and onnxruntime lets it move the integers
(QDQPropagationTransformer).
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from fv_edge_runtime.facts import FloatActivation, ModelFacts, TensorFacts, counted, with_reasons
from fv_edge_runtime.floats import Step, float_activations
from fv_edge_runtime.manifest_io import read_manifest
from fv_edge_runtime.onnx_file import Node, OnnxFile, Value, read_onnx

# The domains whose operators are built into onnxruntime's standard packages ("" and "ai.onnx" are the same one).
BUILT_IN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc")
_QUANTIZE, _DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
_TAKEN_IN = ("Relu", "Clip")
_MOVES = ("Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze")


def onnx_facts(path: Path, sha256: str) -> ModelFacts:
    """Read the file; raises `BadModelFile`, `UnsupportedModel` or `BadManifest`."""
    model = read_onnx(path)
    # Old exporters list the weights among the inputs as well (IR version 3).
    inputs = [value for value in model.inputs if value.name not in model.constants]
    known = {value.name: value for value in (*inputs, *model.values, *model.outputs)}
    computed = [value.name for value in inputs] + [name for node in model.nodes for name in node.outputs if name]
    manifest = read_manifest(path)
    return ModelFacts(
        name=path.name,
        format="onnx",
        size_bytes=path.stat().st_size,
        sha256=sha256,
        producer=model.producer,
        opsets={domain or "ai.onnx": version for domain, version in model.opsets.items()},
        inputs=tuple(_tensor(value) for value in inputs),
        outputs=tuple(_tensor(value) for value in model.outputs),
        operators=counted(node.operator for node in model.nodes),
        activation_dtypes=counted(known[name].dtype if name in known else "not stated" for name in computed),
        constant_bytes=_constant_bytes(model),
        float_activations=with_reasons(_floats(model), manifest),
        free_shapes=tuple(value.name for value in known.values() if value.shape is not None and -1 in value.shape),
        custom_operators=tuple(sorted({_full_name(node) for node in model.nodes if _is_custom(node)})),
        manifest=manifest,
    )


def _tensor(value: Value) -> TensorFacts:
    return TensorFacts(value.name, value.dtype, value.shape or (), None)


def _constant_bytes(model: OnnxFile) -> dict[str, int]:
    sizes: dict[str, int] = defaultdict(int)
    for constant in model.constants.values():
        sizes[constant.dtype] += constant.size_bytes
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _floats(model: OnnxFile) -> tuple[FloatActivation, ...]:
    readers: dict[str, list[str]] = defaultdict(list)
    for node in model.nodes:
        for name in node.inputs:
            readers[name].append(node.operator)
    outputs = [value.name for value in model.outputs]
    quantized = {name for node in model.nodes if node.operator == _QUANTIZE for name in node.outputs}
    dequantized = {name for node in model.nodes if node.operator == _DEQUANTIZE for name in node.outputs}
    floats = [
        name
        for node in model.nodes
        if node.operator not in (_QUANTIZE, _DEQUANTIZE)
        and not (node.operator in _MOVES and dequantized.intersection(node.inputs[:1]))
        for name in node.outputs
        if name in outputs or any(reader not in (_QUANTIZE, *_TAKEN_IN) for reader in readers[name])
    ]
    steps = [Step(node.operator, node.inputs, node.outputs) for node in model.nodes]
    return float_activations(steps, quantized, floats, [*(value.name for value in model.inputs), *outputs])


def _is_custom(node: Node) -> bool:
    return node.domain not in BUILT_IN_DOMAINS


def _full_name(node: Node) -> str:
    return f"{node.domain}.{node.operator}"
