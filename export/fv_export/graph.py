"""The normal form: a small graph that every part of the export reads.

Batch 1, inference only, static shapes, one input, one output. Tensors are NHWC: feature maps (1, H, W, C), vectors
(1, C). Each node is a frozen dataclass with the names of the tensors it reads and of the one that it writes; weights
are NumPy float32 arrays inside the node. Nodes are in an order in which each reads only what stands before it.

Axis orders of the weights
    Conv.kernel            (kh, kw, c_in, c_out)            HWIO, as Keras
    DepthwiseConv.kernel   (kh, kw, c_in, multiplier)       output channel = c_in index * multiplier + m, as Keras
    Dense.kernel           (c_in, c_out)

Quantization is an annotation of this graph (`Annotation`), not another graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Shape = tuple[int, ...]
# (before, after) for rows, then for columns.
Padding = tuple[tuple[int, int], tuple[int, int]]
NO_PADDING: Padding = ((0, 0), (0, 0))


class Function(StrEnum):
    """Element-wise functions. `hard_sigmoid` is Keras's: relu6(x + 3) / 6; `hard_swish` is x * relu6(x + 3) / 6."""

    RELU = "relu"
    RELU6 = "relu6"
    HARD_SIGMOID = "hard_sigmoid"
    HARD_SWISH = "hard_swish"
    SIGMOID = "sigmoid"
    SILU = "silu"
    TANH = "tanh"
    LEAKY_RELU = "leaky_relu"
    ELU = "elu"
    GELU = "gelu"


class Fused(StrEnum):
    """An activation that a node applies to its own result before it is stored."""

    NONE = "none"
    RELU = "relu"
    RELU6 = "relu6"


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """`name` is unique in its graph; `inputs` are tensor names; `output` is the tensor it writes."""

    name: str
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv(Node):
    """2-D convolution. kernel (kh, kw, c_in, c_out), bias (c_out,); padding with zeros."""

    kernel: Floats
    bias: Floats
    strides: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = NO_PADDING
    fused: Fused = Fused.NONE


@dataclass(frozen=True, kw_only=True, eq=False)
class DepthwiseConv(Node):
    """Depthwise 2-D convolution. kernel (kh, kw, c_in, multiplier), bias (c_in * multiplier,); padding with zeros."""

    kernel: Floats
    bias: Floats
    strides: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = NO_PADDING
    fused: Fused = Fused.NONE


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense(Node):
    """Matrix product over the last axis of a vector (1, c_in). kernel (c_in, c_out), bias (c_out,)."""

    kernel: Floats
    bias: Floats
    fused: Fused = Fused.NONE


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine(Node):
    """y = x * scale + shift over the last axis; scale and shift are (C,), C the input's channels.

    Rescaling, Normalization, BatchNormalization and the addition of or multiplication by a constant. `fused` clips y.
    """

    scale: Floats
    shift: Floats
    fused: Fused = Fused.NONE


@dataclass(frozen=True, kw_only=True, eq=False)
class Add(Node):
    """Sum of two tensors of broadcastable shapes."""

    fused: Fused = Fused.NONE


@dataclass(frozen=True, kw_only=True, eq=False)
class Mul(Node):
    """Product of two tensors of broadcastable shapes; (1, 1, 1, C) over (1, H, W, C) is the gate of an SE block."""

    fused: Fused = Fused.NONE


@dataclass(frozen=True, kw_only=True, eq=False)
class Mean(Node):
    """Mean over rows and columns: (1, H, W, C) -> (1, 1, 1, C) if `keep_dims`, else (1, C)."""

    keep_dims: bool


class PoolKind(StrEnum):
    """What a pool takes of its window. `average` divides by the number of real pixels, padding not counted."""

    MAX = "max"
    AVERAGE = "average"


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool(Node):
    """Pooling with a window."""

    kind: PoolKind
    window: tuple[int, int]
    strides: tuple[int, int]
    padding: Padding = NO_PADDING


@dataclass(frozen=True, kw_only=True, eq=False)
class Pad(Node):
    """Zero padding of rows and columns."""

    padding: Padding


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation(Node):
    """An element-wise function. `alpha` is the slope of leaky_relu and the scale of elu, else unused (0)."""

    function: Function
    alpha: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip(Node):
    """min(max(x, low), high); either may be infinite."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Concat(Node):
    """Concatenation over the last axis."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reshape(Node):
    """`shape` is the whole new shape with its leading 1."""

    shape: Shape


@dataclass(frozen=True, kw_only=True, eq=False)
class Softmax(Node):
    """Softmax over the last axis; only as the last node of a classifier."""


@dataclass(frozen=True)
class Graph:
    """`input` and `output` are tensor names; `shapes` has one entry for each tensor, `nodes` are in execution order."""

    name: str
    input: str
    output: str
    nodes: tuple[Node, ...]
    shapes: dict[str, Shape]

    def producer(self, tensor: str) -> Node | None:
        """The node that writes `tensor`; None for the input."""
        return self._producers.get(tensor)

    def consumers(self, tensor: str) -> list[Node]:
        """The nodes that read `tensor`, in order."""
        return list(self._consumers.get(tensor, ()))

    @cached_property
    def _producers(self) -> dict[str, Node]:
        return {node.output: node for node in self.nodes}

    @cached_property
    def _consumers(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for tensor in dict.fromkeys(node.inputs):
                found.setdefault(tensor, []).append(node)
        return found

    def tensors(self) -> Iterator[str]:
        """The input, then each node's output, in order."""
        yield self.input
        for node in self.nodes:
            yield node.output

    def check(self) -> None:
        """Raise `ValueError` when the graph breaks its own contract (order, names, shapes)."""
        known = {self.input}
        names: set[str] = set()
        for node in self.nodes:
            missing = [tensor for tensor in node.inputs if tensor not in known]
            if missing:
                raise ValueError(f"{node.name} reads {missing} before anything writes it")
            if node.output in known or node.name in names:
                raise ValueError(f"{node.name} or its output {node.output} is there twice")
            known.add(node.output)
            names.add(node.name)
        if self.output not in known:
            raise ValueError(f"nothing writes the output {self.output}")
        if set(self.shapes) != known:
            raise ValueError(f"shapes and tensors differ: {sorted(set(self.shapes) ^ known)}")
        if any(shape[0] != 1 or any(size < 1 for size in shape) for shape in self.shapes.values()):
            raise ValueError("a shape is not static with batch 1")


AnyNode = TypeVar("AnyNode", bound=Node)


def renamed(node: AnyNode, mapping: dict[str, str]) -> AnyNode:
    """The node with its inputs renamed by `mapping`."""
    return replace(node, inputs=tuple(mapping.get(tensor, tensor) for tensor in node.inputs))


@dataclass(frozen=True, eq=False)
class Quantized:
    """real = scale * (q - zero_point). `bits` 8, 16 or 32, signed.

    Per tensor: scale and zero_point have one element and `axis` is None. Per channel: one element a channel of `axis`
    of the array as it stands in the normal form (for DepthwiseConv kernels the channels are (c_in, multiplier)
    flattened, axis is -1, and scale has c_in * multiplier elements).
    """

    bits: int
    scale: NDArray[np.float64]
    zero_point: NDArray[np.int64]
    axis: int | None = None

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest stored integer."""
        return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1


@dataclass(frozen=True)
class Weights:
    """A quantized node's integers: kernel (int8, shaped as the float), bias (int32; int64 where activations are 16)."""

    kernel: NDArray[np.int8]
    kernel_scale: Quantized
    bias: NDArray[np.int64]


@dataclass(frozen=True)
class Annotation:
    """How a graph is quantized.

    `tensors`: activation tensor -> Quantized; one that is missing stays float, with the reason in `float_tensors`.
    `weights`: name of a Conv, DepthwiseConv or Dense -> Weights. Biases have scale s_input * s_kernel and zero point 0.
    """

    tensors: dict[str, Quantized]
    weights: dict[str, Weights]
    float_tensors: dict[str, str] = field(default_factory=dict)
