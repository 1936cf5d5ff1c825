"""What `fv inspect` finds in a model file, as data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from fv_core.manifest import Manifest
from fv_edge_runtime.session import Quantization


@dataclass(frozen=True)
class TensorFacts:
    """An input or output. `shape`: -1 where a size is free. `quantization`: None where it has none."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    quantization: Quantization | None


@dataclass(frozen=True)
class OutsideOperator:
    """An operator that the delegate did not take: its name, the type and name of its result, and why."""

    operator: str
    dtype: str
    output: str
    why: str


@dataclass(frozen=True)
class FloatActivation:
    """A tensor that a quantized file computes in floating point, and why. `is_island`: between quantized ones."""

    name: str
    why: str
    is_island: bool


@dataclass(frozen=True)
class ModelFacts:
    """A model file.

    `format`: tflite or onnx. `producer`: what the file says who made it. `opsets`: of ONNX, domain -> version.
    `operators`: name -> how many. `activation_dtypes`: type -> how many tensors are computed in it. `constant_bytes`:
    type -> bytes of weights. `partitions`: delegate partitions of a TFLite file, None where there is no such thing or
    the file could not be opened. `outside`: operators that stand outside of them. `float_activations`: of quantized
    files only. `free_shapes`: tensors with a free size. `custom_operators`: those that are not built in.
    `runtime`: what opened the file, None where nothing could; `not_opened` then says why. `manifest`: None where the
    file has none.
    """

    name: str
    format: str
    size_bytes: int
    sha256: str
    producer: str
    opsets: dict[str, int]
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    operators: dict[str, int]
    activation_dtypes: dict[str, int]
    constant_bytes: dict[str, int]
    float_activations: tuple[FloatActivation, ...]
    free_shapes: tuple[str, ...]
    custom_operators: tuple[str, ...]
    manifest: Manifest | None
    partitions: int | None = None
    outside: tuple[OutsideOperator, ...] = ()
    runtime: str | None = None
    not_opened: str = ""

    @property
    def float_islands(self) -> tuple[FloatActivation, ...]:
        """The float tensors between quantized ones: each costs a conversion there and back."""
        return tuple(tensor for tensor in self.float_activations if tensor.is_island)

    def to_data(self) -> dict[str, Any]:
        """As JSON-able data; `from_data` is the way back."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ModelFacts:
        """From what `to_data` gave, possibly through JSON; raises `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            **{
                **data,
                "inputs": tuple(_tensor(one) for one in data["inputs"]),
                "outputs": tuple(_tensor(one) for one in data["outputs"]),
                "float_activations": tuple(FloatActivation(**one) for one in data["float_activations"]),
                "outside": tuple(OutsideOperator(**one) for one in data["outside"]),
                "free_shapes": tuple(data["free_shapes"]),
                "custom_operators": tuple(data["custom_operators"]),
                "manifest": None if data["manifest"] is None else Manifest.from_json(json.dumps(data["manifest"])),
            }
        )


def with_reasons(found: Iterable[FloatActivation], manifest: Manifest | None) -> tuple[FloatActivation, ...]:
    """The float tensors with the reasons that the exporter wrote down, where it did."""
    known = {tensor.name: tensor.why for tensor in manifest.float_tensors} if manifest else {}
    return tuple(replace(tensor, why=known.get(tensor.name, tensor.why)) for tensor in found)


def counted(names: Iterable[str]) -> dict[str, int]:
    """How often each name stands there, the most frequent first, equals by name."""
    counts = Counter(names)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _tensor(data: Mapping[str, Any]) -> TensorFacts:
    quantization = data["quantization"]
    return TensorFacts(
        name=data["name"],
        dtype=data["dtype"],
        shape=tuple(data["shape"]),
        quantization=None if quantization is None else Quantization(**quantization),
    )
