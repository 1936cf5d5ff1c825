"""What `fv inspect` finds in a model file, as data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from fv_core.manifest import Manifest
from fv_edge_runtime.from_data import rebuilt
from fv_edge_runtime.session import Quantization


@dataclass(frozen=True)
class TensorFacts:
    """An input or output. `shape`: -1 where a size is free. `quantization`: None where it has none."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    quantization: Quantization | None


@dataclass(frozen=True)
class Layer:
    """One operator in the order of execution. `name`: of its first result, with that result's `dtype` and `shape`.

    `multiply_adds`: of convolutions and matrix products, 0 for all others, None where sizes are not known.
    `weight_bytes`: constants that it reads, as stored. `result_bytes`: what it writes, None where not known.
    """

    name: str
    operator: str
    dtype: str
    shape: tuple[int, ...] | None
    multiply_adds: int | None
    weight_bytes: int
    result_bytes: int | None


@dataclass(frozen=True)
class QuantizedTensor:
    """A tensor with scales: `axis` None for one scale, else the axis that has `channels` of them.

    `scales`: smallest and largest, None where one is not finite. `zero_points`: smallest and largest.
    """

    name: str
    dtype: str
    is_constant: bool
    axis: int | None
    channels: int
    scales: tuple[float, float] | None
    zero_points: tuple[int, int]


@dataclass(frozen=True)
class OutsideOperator:
    """An operator that the delegate did not take: its name, the type and name of its result, and why.

    `breaks`: it stands between what the delegate did take, and so costs a partition.
    """

    operator: str
    dtype: str
    output: str
    why: str
    breaks: bool = False


@dataclass(frozen=True)
class FloatActivation:
    """A tensor that a quantized file computes in floating point, and why. `is_island`: between quantized ones."""

    name: str
    why: str
    is_island: bool


@dataclass(frozen=True)
class Signature:
    """A named entry of a TFLite file: names of its inputs and outputs; `free` are those of them with a free size."""

    key: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    free: tuple[str, ...]


@dataclass(frozen=True)
class Metadata:
    """What the file says of itself beside the network: (heading, text) pairs, and the labels' count where it has any.

    `standard`: TFLite Metadata or metadata_props.
    """

    standard: str
    entries: tuple[tuple[str, str], ...]
    label_count: int | None = None


@dataclass(frozen=True)
class Remark:
    """Something that its user should know before relying on the file. `about`: one word for scripts."""

    about: str
    text: str


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
    `scheme`: how it is quantized, found in the file and not in its name (`precision.SCHEMES`). `precisions`: type of
    weights and of activations, as in `int8 x float32` -> layers with weights that compute so. `unsound`: why no runtime
    should see the file, empty where there is no reason.
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
    scheme: str = ""
    precisions: dict[str, int] | None = None
    layers: tuple[Layer, ...] = ()
    quantized: tuple[QuantizedTensor, ...] = ()
    signatures: tuple[Signature, ...] = ()
    metadata: Metadata | None = None
    remarks: tuple[Remark, ...] = ()
    unsound: str = ""

    @property
    def float_islands(self) -> tuple[FloatActivation, ...]:
        """The float tensors between quantized ones: each costs a conversion there and back."""
        return tuple(tensor for tensor in self.float_activations if tensor.is_island)

    @property
    def multiply_adds(self) -> int:
        """Of all layers whose sizes are known."""
        return sum(layer.multiply_adds or 0 for layer in self.layers)

    def to_data(self) -> dict[str, Any]:
        """As JSON-able data; `from_data` is the way back."""
        data = asdict(replace(self, manifest=None))
        return {**data, "manifest": None if self.manifest is None else self.manifest.to_data()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ModelFacts:
        """From what `to_data` gave, possibly through JSON; raises `KeyError`, `TypeError` or `ValueError`."""
        manifest = None if data["manifest"] is None else Manifest.from_json(json.dumps(data["manifest"]))
        return replace(rebuilt(cls, {**data, "manifest": None}), manifest=manifest)


def with_reasons(found: Iterable[FloatActivation], manifest: Manifest | None) -> tuple[FloatActivation, ...]:
    """The float tensors with the reasons that the exporter wrote down, where it did."""
    known = {tensor.name: tensor.why for tensor in manifest.float_tensors} if manifest else {}
    return tuple(replace(tensor, why=known.get(tensor.name, tensor.why)) for tensor in found)


def counted(names: Iterable[str]) -> dict[str, int]:
    """How often each name stands there, the most frequent first, equals by name."""
    counts = Counter(names)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
