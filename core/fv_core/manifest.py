"""What a model file says of itself; it travels inside the file.

In TFLite it is the associated file `fv_manifest.json` of the standard metadata (readable with `zipfile`), in ONNX the
entry `fv_manifest` of `metadata_props`. No path, user or host name, and no list of sample ids: digest and count only.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from fv_core.errors import BadManifest
from fv_core.packed import pack, unpack
from fv_core.preprocess import Preprocess

# 2: golden answers are packed (`fv_core.packed`); in 1 they were lists of decimal numbers.
SCHEMA_VERSION = 2
FILE_NAME = "fv_manifest.json"
ONNX_KEY = "fv_manifest"
# A manifest of 20,000 classes with golden answers stays below; larger is not ours.
MAX_BYTES = 16 << 20
# A file of ours has eight. Packed answers grow when they are read, so a stranger's many are refused before that.
MAX_GOLDEN = 16


@dataclass(frozen=True)
class Calibration:
    """Which pictures set the ranges: digest of the set, split, count, seed, method, digest of the sample ids."""

    dataset_sha256: str
    split: str
    count: int
    seed: int
    method: str
    ids_sha256: str


@dataclass(frozen=True)
class FloatTensor:
    """A tensor that a quantized file leaves in floating point, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Drop:
    """Measured loss of top-1 against the full model, in percentage points, with its paired 95 % interval.

    `agreement`: share of pictures with the same answer. `n`: pictures. `split`, `dataset_sha256`: which.
    """

    drop_pp: float
    ci95_pp: tuple[float, float]
    agreement: float
    n: int
    split: str
    dataset_sha256: str


@dataclass(frozen=True)
class Golden:
    """One golden picture: seed and digest; `full` and `file` the C probabilities of the full model and of this file."""

    seed: int
    sha256: str
    full: tuple[float, ...]
    file: tuple[float, ...]


@dataclass(frozen=True)
class Manifest:
    """See the module. `scheme`: fp32, fp16, dynamic, int8, int16x8. `format`: tflite or onnx.

    `labels_from`: `data set`, `file` or `indices` (no names were known, the labels are 0..N-1).
    `golden_tolerance`: largest difference of a probability that another machine may show.
    """

    name: str
    scheme: str
    format: str
    labels: tuple[str, ...]
    labels_from: str
    preprocess: Preprocess
    source_sha256: str
    versions: dict[str, str]
    rewrites: tuple[str, ...] = ()
    float_tensors: tuple[FloatTensor, ...] = ()
    calibration: Calibration | None = None
    drop: Drop | None = None
    golden: tuple[Golden, ...] = ()
    golden_tolerance: float = 0.0
    schema_version: int = field(default=SCHEMA_VERSION)

    def to_data(self) -> dict[str, Any]:
        """As JSON-able data, golden answers packed (`fv_core.packed`)."""
        data = asdict(self)
        data["golden"] = [{**asdict(one), "full": pack(one.full), "file": pack(one.file)} for one in self.golden]
        return data

    def to_json(self) -> str:
        """Keys sorted, so that the same manifest is always the same text; no spaces, which were a third of it."""
        return json.dumps(self.to_data(), separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Parse and check; raises `BadManifest` for anything that is not exactly our schema."""
        if len(text) > MAX_BYTES:
            raise BadManifest("the manifest is too large", why=f"{len(text)} characters")
        try:
            data = json.loads(text, parse_constant=_refuse_constant)
            if data["schema_version"] != SCHEMA_VERSION:
                raise BadManifest(
                    f"the manifest has schema version {data['schema_version']}",
                    why=f"this fv reads version {SCHEMA_VERSION}",
                    hint="export the model again, or update fv",
                )
            return cls(**_typed(data))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            why = f"{type(error).__name__}: {error}"
            raise BadManifest("the manifest inside the file is damaged", why=why) from None


def _refuse_constant(name: str) -> float:
    """NaN and infinity are no JSON, and no manifest of ours has them."""
    raise ValueError(f"{name} stands where a number belongs")


def _typed(data: dict[str, Any]) -> dict[str, Any]:
    if not all(isinstance(label, str) for label in data["labels"]):
        raise TypeError("a label is not a string")
    if not all(isinstance(data[key], str) for key in ("name", "scheme", "format", "labels_from", "source_sha256")):
        raise TypeError("a text field is not a string")
    typed = dict(data)
    typed["labels"] = tuple(data["labels"])
    typed["preprocess"] = Preprocess(**data["preprocess"])
    typed["versions"] = {str(key): str(value) for key, value in data["versions"].items()}
    typed["rewrites"] = tuple(str(name) for name in data["rewrites"])
    typed["float_tensors"] = tuple(FloatTensor(**entry) for entry in data["float_tensors"])
    typed["calibration"] = Calibration(**data["calibration"]) if data["calibration"] else None
    typed["drop"] = _drop(data["drop"]) if data["drop"] else None
    if len(data["golden"]) > MAX_GOLDEN:
        raise ValueError(f"{len(data['golden'])} golden pictures, a file has eight")
    typed["golden"] = tuple(_golden(entry) for entry in data["golden"])
    typed["golden_tolerance"] = float(data["golden_tolerance"])
    return typed


def _drop(entry: dict[str, Any]) -> Drop:
    low, high = entry["ci95_pp"]
    return Drop(**{**entry, "ci95_pp": (float(low), float(high))})


def _golden(entry: dict[str, Any]) -> Golden:
    return Golden(
        seed=int(entry["seed"]),
        sha256=str(entry["sha256"]),
        full=unpack(entry["full"]),
        file=unpack(entry["file"]),
    )
