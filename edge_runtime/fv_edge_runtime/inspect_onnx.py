"""The facts of an ONNX file, from its structure.

In the QDQ form every tensor is float on paper; an activation is quantized where it goes through QuantizeLinear. What
is left in float is the result of another node that something else than a QuantizeLinear reads. An activation function
that onnxruntime takes into the node before it (`_TAKEN_IN`) needs no quantized tensor between the two; a node that only
moves what was quantized before (`_MOVES`) computes nothing, and onnxruntime lets it move the integers
(QDQPropagationTransformer).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from fv_core.manifest import ONNX_KEY
from fv_edge_runtime.facts import FloatActivation, Metadata, ModelFacts, TensorFacts, counted, with_reasons
from fv_edge_runtime.floats import Step, float_activations
from fv_edge_runtime.manifest_io import read_manifest
from fv_edge_runtime.onnx_file import Node, OnnxFile, Value, read_onnx
from fv_edge_runtime.onnx_precision import precisions, scaled_tensors
from fv_edge_runtime.onnx_tensors import Tensors
from fv_edge_runtime.onnx_work import is_folded, layers_of
from fv_edge_runtime.precision import counted_precisions, remarks_on_name, scheme_of
from fv_edge_runtime.remarks import remarks_on_operators
from fv_edge_runtime.scales import remarks_on_scales

# The domains whose operators are built into onnxruntime's standard packages ("" and "ai.onnx" are the same one).
BUILT_IN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc")
_QUANTIZE, _DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
_TAKEN_IN = ("Relu", "Clip")
_FLOATS = ("float32", "float16", "bfloat16", "float64", "not stated")
# What is shown of one entry of metadata_props.
_MAX_VALUE = 500
_MOVES = ("Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze")


def onnx_facts(path: Path, sha256: str) -> ModelFacts:
    """Read the file; raises `BadModelFile`, `UnsupportedModel` or `BadManifest`."""
    model = read_onnx(path)
    tensors = Tensors(model)
    # Old exporters list the weights among the inputs as well (IR version 3).
    inputs = [value for value in model.inputs if value.name not in model.constants]
    stated = [*inputs, *model.values, *model.outputs]
    manifest = read_manifest(path)
    found = list(precisions(model, tensors))
    facts = ModelFacts(
        name=path.name,
        format="onnx",
        size_bytes=path.stat().st_size,
        sha256=sha256,
        producer=model.producer,
        opsets={domain or "ai.onnx": version for domain, version in model.opsets.items()},
        inputs=tuple(_tensor(value) for value in inputs),
        outputs=tuple(_tensor(value) for value in model.outputs),
        operators=counted(node.operator for node in model.nodes),
        activation_dtypes=counted(tensors.get(name).dtype for name in _computed(model, inputs, tensors)),
        constant_bytes=_constant_bytes(model),
        float_activations=with_reasons(_floats(model, tensors), manifest),
        free_shapes=tuple(dict.fromkeys(value.name for value in stated if value.shape and -1 in value.shape)),
        custom_operators=tuple(sorted({_full_name(node) for node in model.nodes if _is_custom(node)})),
        manifest=manifest,
        scheme=scheme_of(found),
        precisions=counted_precisions(found),
        layers=tuple(layers_of(model, tensors)),
        quantized=tuple(tensor.facts() for tensor in scaled_tensors(model, tensors)),
        metadata=_metadata(model),
    )
    remarks = (
        *remarks_on_name(path.name, manifest, found),
        *remarks_on_scales(list(scaled_tensors(model, tensors)), ()),
        *remarks_on_operators(facts),
    )
    return replace(facts, remarks=remarks)


def _computed(model: OnnxFile, inputs: list[Value], tensors: Tensors) -> list[str]:
    """The inputs, then what is computed for each picture."""
    nodes = [node for node in model.nodes if not is_folded(node, tensors)]
    return [value.name for value in inputs] + [name for node in nodes for name in node.outputs if name]


def _metadata(model: OnnxFile) -> Metadata | None:
    """`metadata_props` without the manifest, which is shown by itself."""
    entries = tuple((key, value[:_MAX_VALUE]) for key, value in sorted(model.metadata.items()) if key != ONNX_KEY)
    return Metadata("metadata_props", entries) if entries else None


def _tensor(value: Value) -> TensorFacts:
    return TensorFacts(value.name, value.dtype, value.shape or (), None)


def _constant_bytes(model: OnnxFile) -> dict[str, int]:
    sizes: dict[str, int] = defaultdict(int)
    for constant in model.constants.values():
        sizes[constant.dtype] += constant.size_bytes
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _floats(model: OnnxFile, tensors: Tensors) -> tuple[FloatActivation, ...]:
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
        and not is_folded(node, tensors)
        and not (node.operator in _MOVES and dequantized.intersection(node.inputs[:1]))
        for name in node.outputs
        if tensors.get(name).dtype in _FLOATS
        and (name in outputs or any(reader not in (_QUANTIZE, *_TAKEN_IN) for reader in readers[name]))
    ]
    steps = [Step(node.operator, node.inputs, node.outputs) for node in model.nodes]
    return float_activations(steps, quantized, floats, [*(value.name for value in model.inputs), *outputs])


def _is_custom(node: Node) -> bool:
    return node.domain not in BUILT_IN_DOMAINS


def _full_name(node: Node) -> str:
    return f"{node.domain}.{node.operator}"
