"""A quantized graph as QuantizeLinear / DequantizeLinear pairs that onnxruntime fuses into integer kernels.

Between two nodes stands a uint8 tensor; a node reads it through a DequantizeLinear of its own and its result goes
through a QuantizeLinear. onnxruntime replaces such a group by QLinearConv, QLinearAdd, QLinearMul, QLinearSigmoid,
QLinearLeakyRelu, QLinearAveragePool, QLinearGlobalAveragePool, QLinearConcat or QGemm. `_onnx_integer_forms` says how
each kind of node is put into such a group; this module holds the pairs and the integers between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fv_core.manifest import FloatTensor
from fv_export.graph import Annotation, Conv, Dense, DepthwiseConv, Graph, Node, Shape, Softmax
from fv_export.write._onnx_builder import Builder
from fv_export.write._onnx_context import Context
from fv_export.write._onnx_float import emit, emit_fused, limits_of
from fv_export.write._onnx_grid import Grid
from fv_export.write._onnx_layout import TO_CHANNELS_FIRST, TO_CHANNELS_LAST
from fv_export.write._onnx_weights import Folded

_NO_KERNEL = "onnxruntime has no integer kernel for {}"


@dataclass
class IntegerWriter:
    """Writes node by node. `stored`: tensor -> its uint8 value; `real`: tensor -> its float value, where it has one."""

    builder: Builder
    graph: Graph
    annotation: Annotation
    stored: dict[str, str] = field(default_factory=dict)
    real: dict[str, str] = field(default_factory=dict)
    islands: list[FloatTensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.grids = {name: Grid.of(quantized) for name, quantized in self.annotation.tensors.items()}
        self.context = Context(self.builder, self.graph, Folded(self.builder, self.graph, self.annotation.weights))

    def read(self, tensor: str, factor: float = 1.0) -> str:
        """The float value factor * tensor, through a DequantizeLinear of its own where the tensor is stored."""
        if tensor not in self.stored:
            if factor != 1.0:
                raise ValueError(f"{tensor} is not quantized")
            return self.real[tensor]
        grid = self.grids[tensor]
        return self.dequantize(self.stored[tensor], Grid(grid.scale * factor, grid.zero_point), f"{tensor}/real")

    def dequantize(self, value: str, grid: Grid, wanted: str) -> str:
        """uint8 -> float."""
        return self.builder.node("DequantizeLinear", (value, *self._parameters(grid, wanted)), wanted)

    def quantize(self, value: str, grid: Grid, wanted: str) -> str:
        """float -> uint8."""
        return self.builder.node("QuantizeLinear", (value, *self._parameters(grid, wanted)), wanted)

    def as_map(self, value: str, shape: Shape, wanted: str) -> str:
        """The map `value` with the numbers of a row, (W, C) in memory, taken apart as `shape` (1, H, W', C') says.

        onnxruntime keeps integers channels last, so that neither Transpose is left.
        """
        last = self.builder.node("Transpose", (value,), f"{wanted}/last", {"perm": list(TO_CHANNELS_LAST)})
        apart = self.builder.node(
            "Reshape",
            (last, self.builder.shared(f"{wanted}/shape", np.array(shape, np.int64))),
            f"{wanted}/apart",
        )
        return self.builder.node("Transpose", (apart,), wanted, {"perm": list(TO_CHANNELS_FIRST)})

    def constant(self, real: float, name: str) -> str:
        """A quantized constant, exact: `real` is one step above zero on its grid (one step below, when negative)."""
        grid = Grid(abs(real) or 1.0, 1 if real < 0 else 0)
        integer = self.builder.constant(f"{name}/integer", np.array(1 if real > 0 else 0, np.uint8))
        return self.dequantize(integer, grid, name)

    def store(self, node: Node, value: str, low: float = -np.inf, high: float = np.inf) -> None:
        """Quantize the float `value` as the node's result, kept inside [low, high]."""
        grid = self.grids[node.output]
        self.keep(node, self.quantize(value, grid, f"{node.output}/stored"), grid, low, high)

    def keep(self, node: Node, integers: str, grid: Grid, low: float = -np.inf, high: float = np.inf) -> None:
        """Take `integers` on `grid` as the node's result: clipped to [low, high], moved to the result's own grid."""
        if not grid.implies(low, high):
            ends = [
                self.builder.constant(f"{node.output}/{side}", np.array(end, np.uint8))
                for side, end in zip(("low", "high"), grid.bounds(low, high), strict=True)
            ]
            integers = self.builder.node("Clip", (integers, *ends), f"{node.output}/clipped")
        target = self.grids[node.output]
        if target != grid:
            moved = self.dequantize(integers, grid, f"{node.output}/moved")
            integers = self.quantize(moved, target, f"{node.output}/stored")
        self.stored[node.output] = integers

    def is_quantized(self, node: Node) -> bool:
        """Whether the node's tensors are all on grids, and its weights are integers if it has any."""
        if isinstance(node, (Conv, DepthwiseConv, Dense)) and node.name not in self.annotation.weights:
            return False
        return all(tensor in self.grids for tensor in (*node.inputs, node.output))

    def between_pairs(self, node: Node, context: Context) -> None:
        """The node's float form, reading DequantizeLinear and written through QuantizeLinear."""
        inputs = [self.read(tensor) for tensor in node.inputs]
        self.store(node, emit(context, node, inputs, f"{node.output}/linear"), *limits_of(node))

    def in_float(self, node: Node, wanted: str) -> None:
        """A node of which a tensor has no grid, in float; `wanted` names its value. Softmax is meant to be float."""
        value = emit_fused(self.context, node, [self.read(tensor) for tensor in node.inputs], wanted)
        self.real[node.output] = value
        if isinstance(node, Softmax):
            return
        self.islands.append(FloatTensor(node.output, self._why_float(node)))
        if node.output in self.grids:
            self.store(node, value)

    def _why_float(self, node: Node) -> str:
        reasons = self.annotation.float_tensors
        if node.output in reasons:
            return reasons[node.output]
        read = next((tensor for tensor in node.inputs if tensor in reasons), None)
        return (
            f"a tensor of {node.name} has no range"
            if read is None
            else f"it reads {read}, which is float: {reasons[read]}"
        )

    def island(self, node: Node, what: str) -> None:
        """Record that `node` reads and writes integers but computes in float."""
        self.islands.append(FloatTensor(node.output, _NO_KERNEL.format(what)))

    def _parameters(self, grid: Grid, name: str) -> tuple[str, str]:
        zero = self.builder.shared(f"zero_{grid.zero_point}", np.array(grid.zero_point, np.uint8))
        return self.scale(grid, name), zero

    def scale(self, grid: Grid, name: str) -> str:
        """The constant that holds the grid's scale; `name` is what it belongs to."""
        return self.builder.shared(f"{name}/scale", np.array(grid.scale, np.float32))
