"""The layers of an ONNX file with what each has to do; nodes of constants alone are folded at loading and left out.

Multiply-adds, with O the elements of the result and K those of the kernel (onnx/docs/Operators.md gives the axes)
    Conv, its integer forms   kernel (c_out, c_in / groups, kh, kw)    O · K / c_out
    ConvTranspose             kernel (c_in, c_out / groups, kh, kw)    elements of the map · K / c_in
    Gemm, MatMul, theirs      x (…, n, k)                              O · k
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from fv_edge_runtime.facts import Layer
from fv_edge_runtime.onnx_file import TYPES, Node, OnnxFile
from fv_edge_runtime.onnx_shapes import elements
from fv_edge_runtime.onnx_tensors import Tensors

# Operator -> which input holds the weights. The map is input 0 of all.
WEIGHTED = {
    **dict.fromkeys(("Conv", "FusedConv", "ConvTranspose", "ConvInteger", "Gemm", "MatMul", "FusedMatMul"), 1),
    **dict.fromkeys(("MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"), 1),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul", "QGemm"), 3),
}
_CONVOLUTIONS = ("Conv", "FusedConv", "ConvInteger", "QLinearConv")
# What holds a graph, or a recurrent cell, of its own.
_UNKNOWN = ("If", "Loop", "Scan", "LSTM", "GRU", "RNN", "Einsum", "Attention", "MultiHeadAttention")
_BITS = dict(TYPES.values())


def layers_of(model: OnnxFile, tensors: Tensors) -> Iterator[Layer]:
    """The nodes of the main graph that compute something for each picture, in order."""
    stored = _StoredBytes(model)
    for number, node in enumerate(model.nodes):
        if node.in_branch or is_folded(node, tensors):
            continue
        name = next((one for one in node.outputs if one), "")
        result = tensors.get(name)
        count, bits = elements(result.shape), _BITS.get(result.dtype, 0)
        yield Layer(
            name=name or f"node {number}",
            operator=node.operator,
            dtype=result.dtype,
            shape=result.shape,
            multiply_adds=multiply_adds(node, tensors),
            weight_bytes=stored.read_by(node),
            result_bytes=None if count is None or not bits else -(-count * bits // 8),
        )


class _StoredBytes:
    """The constants that a node reads, also through nodes that are folded at loading (DequantizeLinear, Cast)."""

    def __init__(self, model: OnnxFile) -> None:
        self._bytes = {name: constant.size_bytes for name, constant in model.constants.items()}
        for node in model.nodes:
            if node.inputs and all(one in self._bytes or not one for one in node.inputs):
                total = self.read_by(node)
                self._bytes.update((one, total) for one in node.outputs if one and one not in self._bytes)

    def read_by(self, node: Node) -> int:
        """In bytes, as stored."""
        return sum(self._bytes.get(one, 0) for one in node.inputs)


def is_folded(node: Node, tensors: Tensors) -> bool:
    """Whether a runtime computes the node once, when it loads the file."""
    return node.operator == "Constant" or (bool(node.outputs) and tensors.get(node.outputs[0]).is_constant)


def multiply_adds(node: Node, tensors: Tensors) -> int | None:
    """See the module; None where sizes are not known."""
    if node.operator in _UNKNOWN:
        return None
    place = WEIGHTED.get(node.operator)
    if place is None:
        return 0
    if len(node.inputs) <= place or not node.outputs:
        return None
    given, kernel = tensors.get(node.inputs[0]).shape, tensors.get(node.inputs[place]).shape
    written = elements(tensors.get(node.outputs[0]).shape)
    if not given or not kernel or elements(kernel) is None or kernel[0] == 0:
        return None
    per_channel = math.prod(kernel) // kernel[0]
    if node.operator in _CONVOLUTIONS:
        return None if written is None else written * per_channel
    if node.operator == "ConvTranspose":
        read = elements(given)
        return None if read is None else read * per_channel
    depth = given[0] if node.attributes.get("transA") else given[-1]
    return None if written is None or depth < 0 else written * depth
