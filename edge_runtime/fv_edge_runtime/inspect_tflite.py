"""The facts of a TFLite file, from its structure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from fv_edge_runtime.facts import FloatActivation, ModelFacts, TensorFacts, counted, with_reasons
from fv_edge_runtime.floats import Step, float_activations
from fv_edge_runtime.manifest_io import read_manifest
from fv_edge_runtime.session import Quantization
from fv_edge_runtime.tflite_check import check_tflite
from fv_edge_runtime.tflite_file import NO_TENSOR, TfliteFile, read_tflite
from fv_edge_runtime.tflite_names import type_name

_CUSTOM = "CUSTOM:"
_QUANTIZED = ("int8", "uint8", "int16")
_FLOATS = ("float32", "float16", "bfloat16")


def tflite_facts(path: Path, sha256: str) -> ModelFacts:
    """Read and check the file; raises `BadModelFile` or `BadManifest`."""
    model = read_tflite(path)
    check_tflite(model)
    manifest = read_manifest(path)
    names = [operator.name for operator in model.operators]
    computed = _computed(model)
    return ModelFacts(
        name=path.name,
        format="tflite",
        size_bytes=path.stat().st_size,
        sha256=sha256,
        producer=model.description,
        opsets={},
        inputs=tuple(_tensor(model, index) for index in model.inputs),
        outputs=tuple(_tensor(model, index) for index in model.outputs),
        operators=counted(names),
        activation_dtypes=counted(type_name(model.tensors[index].type_code) for index in computed),
        constant_bytes=_constant_bytes(model),
        float_activations=with_reasons(_named(model, _floats(model, computed)), manifest),
        free_shapes=tuple(tensor.name for tensor in model.tensors if -1 in tensor.signature),
        custom_operators=tuple(sorted({name.removeprefix(_CUSTOM) for name in names if name.startswith(_CUSTOM)})),
        manifest=manifest,
    )


def _computed(model: TfliteFile) -> list[int]:
    """The inputs, then what operators write, in order."""
    return [*model.inputs, *(index for operator in model.operators for index in operator.outputs)]


def _tensor(model: TfliteFile, index: int) -> TensorFacts:
    tensor = model.tensors[index]
    zero_point = tensor.zero_point[0] if tensor.zero_point else 0
    return TensorFacts(
        name=tensor.name,
        dtype=type_name(tensor.type_code),
        shape=tensor.signature,
        quantization=Quantization(tensor.scale[0], zero_point) if tensor.scale else None,
    )


def _constant_bytes(model: TfliteFile) -> dict[str, int]:
    sizes: dict[str, int] = defaultdict(int)
    for tensor in model.tensors:
        if tensor.constant_bytes:
            sizes[type_name(tensor.type_code)] += tensor.constant_bytes
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _floats(model: TfliteFile, computed: list[int]) -> tuple[FloatActivation, ...]:
    """Tensors are told apart by their index: names may stand twice."""
    tensors = model.tensors
    integers = {
        index for index in computed if type_name(tensors[index].type_code) in _QUANTIZED and tensors[index].scale
    }
    floats = [index for index in computed if type_name(tensors[index].type_code) in _FLOATS]
    steps = [
        Step(
            operator.name,
            tuple(str(index) for index in operator.inputs if index != NO_TENSOR),
            tuple(str(index) for index in operator.outputs),
        )
        for operator in model.operators
    ]
    return float_activations(
        steps,
        {str(index) for index in integers},
        [str(index) for index in floats],
        [str(index) for index in (*model.inputs, *model.outputs)],
    )


def _named(model: TfliteFile, found: tuple[FloatActivation, ...]) -> tuple[FloatActivation, ...]:
    return tuple(replace(one, name=model.tensors[int(one.name)].name) for one in found)
