"""How kernels and biases lie in the file, one class a way of storing them.

onnxruntime folds what depends on constants alone when it loads a file (its first optimization level). So a kernel may
be stored small and widened by plain operators, and costs nothing at run time:

    fp32     W
    fp16     Cast(W16)
    folded   Cast(W8) * s                     8-bit storage, float arithmetic
    integer  DequantizeLinear(W8, s)          not folded: onnxruntime fuses it with the node that reads it

`s` has one element a channel, in the shape that broadcasts over the kernel's output channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Conv, Dense, DepthwiseConv, Graph, Weights
from fv_export.write._onnx_builder import Attributes, Builder
from fv_export.write._onnx_layout import kernel_of

Weighted = Conv | DepthwiseConv | Dense
# int32 accumulators: |bias| must stay below 2^31 (QLinearConv, QGemm).
INT32 = np.iinfo(np.int32)


class Store(Protocol):
    """Puts the weights of a node into the file; each answers with the name of a float value."""

    def kernel(self, node: Weighted) -> str:
        """The kernel in the file's axis order."""

    def bias(self, node: Weighted) -> str:
        """The bias (c_out,)."""


@dataclass(frozen=True)
class Fp32:
    """Kernels and biases as they are."""

    builder: Builder
    graph: Graph

    def kernel(self, node: Weighted) -> str:
        """See `Store`."""
        return self.builder.constant(f"{node.name}/kernel", kernel_of(node, node.kernel, self.graph))

    def bias(self, node: Weighted) -> str:
        """See `Store`."""
        return self.builder.constant(f"{node.name}/bias", node.bias.astype(np.float32))


@dataclass(frozen=True)
class Fp16:
    """Kernels in half precision; biases stay in float32: they are small, and a folded BatchNorm may make them large."""

    builder: Builder
    graph: Graph

    def kernel(self, node: Weighted) -> str:
        """See `Store`."""
        if not fits_half(node.kernel):
            return Fp32(self.builder, self.graph).kernel(node)
        half = kernel_of(node, node.kernel.astype(np.float16), self.graph)
        return _widened(self.builder, f"{node.name}/kernel", half)

    def bias(self, node: Weighted) -> str:
        """See `Store`."""
        return Fp32(self.builder, self.graph).bias(node)


@dataclass(frozen=True)
class Folded:
    """Kernels in 8 bits, widened when the file is loaded; arithmetic and biases are float32."""

    builder: Builder
    graph: Graph
    weights: dict[str, Weights]

    def kernel(self, node: Weighted) -> str:
        """See `Store`."""
        weights = self.weights.get(node.name)
        if weights is None:
            return Fp32(self.builder, self.graph).kernel(node)
        name = f"{node.name}/kernel"
        wide = _widened(self.builder, f"{name}/integers", kernel_of(node, weights.kernel, self.graph))
        scale = _broadcast(node, weights.kernel_scale.scale.astype(np.float32))
        return self.builder.node("Mul", (wide, self.builder.constant(f"{name}/scale", scale)), name)

    def bias(self, node: Weighted) -> str:
        """See `Store`."""
        return Fp32(self.builder, self.graph).bias(node)


@dataclass(frozen=True)
class Integer:
    """int8 kernels by channel and int32 biases with scale s_input * s_kernel, for one node of a quantized graph.

    A zero point that is left out is 0. The scales of the bias are not stored but multiplied when the file is loaded:
    with their zeros they would be a twentieth of an EfficientNet-B0's file. `input_scale` names a constant.
    """

    builder: Builder
    graph: Graph
    weights: Weights
    input_scale: str

    def kernel(self, node: Weighted) -> str:
        """See `Store`."""
        name = f"{node.name}/kernel"
        integers = self.builder.constant(f"{name}/integers", kernel_of(node, self.weights.kernel, self.graph))
        inputs = [integers, self._scale(node)]
        if not isinstance(node, Dense):
            return self.builder.node("DequantizeLinear", inputs, name, self._along(0))
        # onnxruntime makes a QGemm only where the zero points are written out.
        inputs.append(self.builder.shared(f"{name}/zero", np.zeros(self._scale_array().shape, np.int8)))
        return self.builder.node("DequantizeLinear", inputs, name, self._along(1))

    def bias(self, node: Weighted) -> str:
        """See `Store`."""
        name = f"{node.name}/bias"
        bias = self.weights.bias
        if bias.min(initial=0) < INT32.min or bias.max(initial=0) > INT32.max:
            raise ValueError(f"{name} does not fit 32 bits")
        scale = self.builder.node("Mul", (self._scale(node), self.input_scale), f"{name}/scale")
        integers = self.builder.constant(f"{name}/integers", bias.astype(np.int32))
        return self.builder.node("DequantizeLinear", (integers, scale), name, self._along(0))

    def _scale(self, node: Weighted) -> str:
        return self.builder.shared(f"{node.name}/kernel/scale", self._scale_array())

    def _scale_array(self) -> NDArray[np.float32]:
        scale = self.weights.kernel_scale.scale.astype(np.float32)
        return scale.reshape(-1 if scale.size > 1 else ())

    def _along(self, axis: int) -> Attributes:
        return {"axis": axis} if self.weights.kernel_scale.scale.size > 1 else {}


def fits_half(array: NDArray[np.float32]) -> bool:
    """Whether no element overflows half precision (largest value 65504, IEEE 754 binary16)."""
    return bool(np.abs(array).max(initial=0.0) <= np.finfo(np.float16).max)


def _widened(builder: Builder, name: str, array: NDArray[Any]) -> str:
    from onnx import TensorProto

    stored = builder.constant(f"{name}/stored", array)
    return builder.node("Cast", (stored,), name, {"to": int(TensorProto.FLOAT)})


def _broadcast(node: Weighted, scale: NDArray[np.float32]) -> NDArray[np.float32]:
    return scale.reshape(1, -1) if isinstance(node, Dense) else scale.reshape(-1, 1, 1, 1)
