"""How a file is quantized, told from what its layers with weights read, not from its name.

weights     activations       scheme
float32     float32           fp32
float16     float32, float16  fp16        usually stored in 16 bits and widened when the file is loaded
8 bits      float32           dynamic     activations are quantized while it runs, or the weights are widened
8 bits      8 bits            int8
8 bits      int16             int16x8
several of these              mixed
none                          no layers with weights
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from fv_core.manifest import Manifest
from fv_edge_runtime.facts import Remark, counted

_BYTES = ("int8", "uint8")
_NIBBLES = ("int4", "uint4", "int2")
# A name that promises 8-bit activations; "dynamic" beside it takes the promise back.
_PROMISE = re.compile(r"(?<![a-z0-9])(u?int8|w8a8|(full_)?integer_quant)(?![a-z0-9])")
_TAKES_BACK = re.compile(r"dynamic|int16x8|weights?_only")
_ARROW = " x "


@dataclass(frozen=True)
class Precision:
    """Types of the weights and of the activations of one layer, as in NumPy."""

    weights: str
    activations: str

    @property
    def scheme(self) -> str:
        """See the module."""
        integers = self.weights in (*_BYTES, *_NIBBLES)
        if self.activations in _BYTES and integers:
            return "int8"
        if self.activations == "int16" and integers:
            return "int16x8"
        if integers:
            return "dynamic"
        return "fp16" if "float16" in (self.weights, self.activations) else "fp32"

    def __str__(self) -> str:
        return f"{self.weights}{_ARROW}{self.activations}"


def scheme_of(found: Iterable[Precision]) -> str:
    """The scheme of a file by those of its layers."""
    schemes = {precision.scheme for precision in found}
    if schemes == {"dynamic", "fp32"}:
        return "dynamic"
    if not schemes:
        return "no layers with weights"
    return schemes.pop() if len(schemes) == 1 else "mixed"


def counted_precisions(found: Iterable[Precision]) -> dict[str, int]:
    """`int8 x float32` -> how many layers, the most frequent first."""
    return counted(str(precision) for precision in found)


def remarks_on_name(file_name: str, manifest: Manifest | None, found: list[Precision]) -> Iterator[Remark]:
    """A file that calls itself int8 while its layers compute in floating point."""
    claims = manifest is not None and manifest.scheme == "int8"
    stem = PurePath(file_name).stem.lower()
    named = _PROMISE.search(stem) is not None and not _TAKES_BACK.search(stem)
    integers = sum(precision.scheme == "int8" for precision in found)
    if not (claims or named) or not found or integers:
        return
    where = "its manifest says int8" if claims else "its name says int8"
    scheme = scheme_of(found)
    if scheme == "dynamic":
        what = "only its weights are: it is a dynamic-range file, and its activations are float"
    else:
        what = f"none of its {len(found)} layers with weights computes in 8 bits: it is {scheme}"
    yield Remark("not-int8", f"{where}, but {what}")
