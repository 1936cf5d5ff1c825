"""The facts of a TFLite file, from its structure.

A graph that names tensors which are not there cannot be described and is refused. Sizes, scales and strides that no
runtime must be given are described like everything else, and the file is then marked `unsound`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fv_core.errors import FvError
from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from fv_edge_runtime.facts import (
    FloatActivation,
    Metadata,
    ModelFacts,
    Signature,
    TensorFacts,
    counted,
    with_reasons,
)
from fv_edge_runtime.floats import Step, float_activations
from fv_edge_runtime.manifest_io import read_embedded_labels, read_manifest
from fv_edge_runtime.precision import counted_precisions, remarks_on_name, scheme_of
from fv_edge_runtime.remarks import remarks_on_labels, remarks_on_operators
from fv_edge_runtime.scales import remarks_on_scales
from fv_edge_runtime.session import Quantization
from fv_edge_runtime.tflite_check import check_indices, check_values
from fv_edge_runtime.tflite_file import NO_TENSOR, TfliteFile, read_tflite
from fv_edge_runtime.tflite_metadata_file import NAME as METADATA
from fv_edge_runtime.tflite_metadata_file import read_tflite_metadata
from fv_edge_runtime.tflite_names import CUSTOM_PREFIX, type_name
from fv_edge_runtime.tflite_precision import precisions, products, scaled_tensors
from fv_edge_runtime.tflite_work import layers_of

_QUANTIZED = ("int8", "uint8", "int16")
_FLOATS = ("float32", "float16", "bfloat16")


def tflite_facts(path: Path, sha256: str) -> ModelFacts:
    """Read the file; raises `BadModelFile` or `BadManifest`."""
    model = read_tflite(path)
    check_indices(model)
    manifest = read_manifest(path)
    names = [*(operator.name for operator in model.operators), *model.further_operators]
    computed = _computed(model)
    found = list(precisions(model))
    metadata = _metadata(path, model)
    facts = ModelFacts(
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
        custom_operators=tuple(sorted({name.removeprefix(CUSTOM_PREFIX) for name in names if _is_custom(name)})),
        manifest=manifest,
        scheme=scheme_of(found),
        precisions=counted_precisions(found),
        layers=tuple(layers_of(model)),
        quantized=tuple(tensor.facts() for tensor in scaled_tensors(model)),
        signatures=tuple(_signatures(model)),
        metadata=metadata,
        unsound=_unsound(model),
    )
    remarks = (
        *remarks_on_name(path.name, manifest, found),
        *remarks_on_scales(list(scaled_tensors(model)), list(products(model))),
        *remarks_on_operators(facts, model.subgraph_count),
        *remarks_on_labels(facts),
    )
    return replace(facts, remarks=remarks)


def _is_custom(name: str) -> bool:
    return name.startswith(CUSTOM_PREFIX)


def _unsound(model: TfliteFile) -> str:
    try:
        check_values(model)
    except (BadModelFile, UnsupportedModel) as error:
        return error.why if isinstance(error, BadModelFile) else str(error)
    return ""


def _computed(model: TfliteFile) -> list[int]:
    """The inputs, then what operators write, in order."""
    return [*model.inputs, *(index for operator in model.operators for index in operator.outputs)]


def _tensor(model: TfliteFile, index: int) -> TensorFacts:
    tensor = model.tensors[index]
    zero_point = tensor.zero_point[0] if tensor.zero_point else 0
    # JSON has no NaN: a scale that is none stands among the remarks.
    has_scale = bool(tensor.scale) and tensor.scale[0] == tensor.scale[0] and abs(tensor.scale[0]) != float("inf")
    return TensorFacts(
        name=tensor.name,
        dtype=type_name(tensor.type_code),
        shape=tensor.signature,
        quantization=Quantization(tensor.scale[0], zero_point) if has_scale else None,
    )


def _constant_bytes(model: TfliteFile) -> dict[str, int]:
    sizes: dict[str, int] = defaultdict(int)
    for tensor in model.tensors:
        if tensor.constant_bytes:
            sizes[type_name(tensor.type_code)] += tensor.constant_bytes
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _signatures(model: TfliteFile) -> Iterator[Signature]:
    """Those of the first subgraph; raises `BadModelFile` where one names a tensor that is not there."""
    for signature in model.signatures:
        if signature.subgraph != 0:
            continue
        entries = (*signature.inputs, *signature.outputs)
        free = [name for name, index in entries if index < len(model.tensors) and -1 in model.tensors[index].signature]
        yield Signature(
            key=signature.key,
            inputs=tuple(name for name, _ in signature.inputs),
            outputs=tuple(name for name, _ in signature.outputs),
            free=tuple(free),
        )


def _metadata(path: Path, model: TfliteFile) -> Metadata | None:
    """The standard metadata, with what is wrong in it in place of what it says."""
    labels: int | None = None
    try:
        names = read_embedded_labels(path)
        labels = None if names is None else len(names)
        if METADATA in model.metadata:
            return read_tflite_metadata(model.metadata[METADATA], labels)
    except FvError as error:
        return Metadata("TFLite Metadata", (("damaged", str(error)),), labels)
    return None if labels is None else Metadata("TFLite Metadata", (("file", "labels without metadata"),), labels)


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
