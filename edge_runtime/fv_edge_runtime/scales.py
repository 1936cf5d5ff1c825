"""The scales of a quantized file, and which of them cannot be right.

degenerate   zero, NaN, infinite or negative: the file says nothing about its numbers
denormal     below 2^-126, float32's smallest normal number: processors that flush denormals (NEON on 32-bit Arm,
             onnxruntime and XNNPACK threads) compute with zero
dead         channels with a scale below a 2^24th of the largest of their tensor: float32 cannot hold both side by
             side, so all that they compute is rounded away
out of range r = s_in · s_kernel / s_out of a layer outside [2^-32, 256): XNNPACK does not take the layer
             (its operators/convolution-nhwc.c)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fv_edge_runtime.facts import QuantizedTensor, Remark

_SMALLEST_NORMAL = 2.0**-126
_NARROWEST = 2.0**-24
_LARGEST_RATIO = 256.0
_SMALLEST_RATIO = 2.0**-32
# Tensors named in one remark; a damaged exporter makes the same mistake everywhere.
_NAMED = 3


@dataclass(frozen=True)
class Scaled:
    """A tensor as its file describes it: every scale and zero point, `axis` None for a whole tensor."""

    name: str
    dtype: str
    is_constant: bool
    axis: int | None
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]

    def facts(self) -> QuantizedTensor:
        """In short: the smallest and the largest."""
        is_finite = all(math.isfinite(scale) for scale in self.scales)
        return QuantizedTensor(
            name=self.name,
            dtype=self.dtype,
            is_constant=self.is_constant,
            axis=self.axis,
            channels=len(self.scales),
            scales=(min(self.scales), max(self.scales)) if is_finite else None,
            zero_points=(min(self.zero_points, default=0), max(self.zero_points, default=0)),
        )


@dataclass(frozen=True)
class Product:
    """A layer with weights: its result's name, and the scales of what it reads, of its kernel, of what it writes."""

    name: str
    read: float
    kernel: tuple[float, ...]
    written: float


def remarks_on_scales(tensors: Sequence[Scaled], products: Sequence[Product]) -> Iterator[Remark]:
    """What is wrong with the scales, one remark for each kind of fault."""
    yield from _named("{} tensors have a scale that is zero, negative, NaN or infinite", tensors, _degenerate)
    yield from _named("{} tensors have a denormal scale, which many processors read as zero", tensors, _denormal)
    yield from _named("{} tensors have dead channels (scales below a 2^24th of the largest)", tensors, _dead)
    outside = [product.name for product in products if _is_outside(product)]
    if outside:
        text = f"{len(outside)} layers have scales whose ratio no XNNPACK kernel takes: {_listed(outside)}"
        yield Remark("scale", text)


def _degenerate(tensor: Scaled) -> bool:
    return not all(math.isfinite(scale) and scale > 0 for scale in tensor.scales)


def _denormal(tensor: Scaled) -> bool:
    return any(0 < scale < _SMALLEST_NORMAL for scale in tensor.scales)


def _dead(tensor: Scaled) -> bool:
    return not _degenerate(tensor) and min(tensor.scales) < _NARROWEST * max(tensor.scales)


def _is_outside(product: Product) -> bool:
    scales = (product.read, *product.kernel, product.written)
    if not all(math.isfinite(scale) and scale > 0 for scale in scales):
        return False
    ratios = [product.read * scale / product.written for scale in product.kernel]
    return max(ratios) >= _LARGEST_RATIO or min(ratios) < _SMALLEST_RATIO


def _named(text: str, tensors: Sequence[Scaled], is_so: Callable[[Scaled], bool]) -> Iterator[Remark]:
    found = [tensor.name for tensor in tensors if is_so(tensor)]
    if found:
        yield Remark("scale", f"{text.format(len(found))}: {_listed(found)}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
