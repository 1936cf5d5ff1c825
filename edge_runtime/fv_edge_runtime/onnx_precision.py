"""What the layers of an ONNX file with weights compute in, and the scales that they compute with.

Weights are followed back to the constant through DequantizeLinear, Cast and products with constants. Activations: in
the QDQ form the type in front of the DequantizeLinear; in the operators with integers in their name what they read.
MatMulInteger and ConvInteger read what was quantized while the file runs: their activations are float32.
"""

from __future__ import annotations

from collections.abc import Iterator

from fv_edge_runtime.onnx_file import Node, OnnxFile
from fv_edge_runtime.onnx_tensors import Tensors
from fv_edge_runtime.onnx_values import numbers_of
from fv_edge_runtime.onnx_work import WEIGHTED, is_folded
from fv_edge_runtime.precision import Precision
from fv_edge_runtime.scales import Scaled

_UNPACKING = ("DequantizeLinear", "Cast", "Mul", "Transpose", "Reshape", "Identity")
_AS_IT_RUNS = ("MatMulInteger", "ConvInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat")
_MOVING = ("Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "MaxPool")
_GRIDS = {"QuantizeLinear": (1, 2), "DequantizeLinear": (1, 2)}


def precisions(model: OnnxFile, tensors: Tensors) -> Iterator[Precision]:
    """One for each layer with weights, in order; products of two activations are left out."""
    writers = {name: node for node in model.nodes for name in node.outputs}
    for node in model.nodes:
        place = WEIGHTED.get(node.operator)
        if place is None or len(node.inputs) <= place or is_folded(node, tensors):
            continue
        if not tensors.get(node.inputs[place]).is_constant:
            continue
        yield Precision(_stored(node.inputs[place], tensors, writers), _read(node, tensors, writers))


def scaled_tensors(model: OnnxFile, tensors: Tensors) -> Iterator[Scaled]:
    """Every tensor that a QuantizeLinear writes or a DequantizeLinear reads, once, by its integers' name."""
    seen: set[str] = set()
    numbers = _Numbers(model)
    for node in model.nodes:
        if node.operator not in _GRIDS or len(node.inputs) < 2 or not node.outputs:
            continue
        name = node.outputs[0] if node.operator == "QuantizeLinear" else node.inputs[0]
        scales = numbers.of(node, 1)
        if name in seen or not scales:
            continue
        seen.add(name)
        integers = tensors.get(name)
        yield Scaled(
            name=name,
            dtype=integers.dtype,
            is_constant=integers.is_constant,
            axis=int(str(node.attributes.get("axis", 1))) if len(scales) > 1 else None,
            scales=scales,
            zero_points=tuple(int(value) for value in numbers.of(node, 2)),
        )


class _Numbers:
    """The numbers of constants, each unpacked once: a file may have a thousand nodes that read the same."""

    def __init__(self, model: OnnxFile) -> None:
        self._constants = model.constants
        self._found: dict[str, tuple[float, ...]] = {}

    def of(self, node: Node, place: int) -> tuple[float, ...]:
        """Of a constant input; empty where it is computed or not given."""
        name = node.inputs[place] if len(node.inputs) > place else ""
        if name not in self._constants:
            return ()
        if name not in self._found:
            self._found[name] = numbers_of(self._constants[name]) or ()
        return self._found[name]


def _stored(name: str, tensors: Tensors, writers: dict[str, Node]) -> str:
    """The type of the largest constant that the weights are made of."""
    for _ in range(len(_UNPACKING)):
        node = writers.get(name)
        if node is None or node.operator not in _UNPACKING or not node.inputs:
            break
        name = max(node.inputs, key=lambda one: _size(one, tensors))
    return tensors.get(name).dtype


def _size(name: str, tensors: Tensors) -> int:
    shape = tensors.get(name).shape or ()
    size = 1
    for one in shape:
        size *= max(one, 1)
    return size


def _read(node: Node, tensors: Tensors, writers: dict[str, Node]) -> str:
    if node.operator in _AS_IT_RUNS:
        return "float32"
    name = node.inputs[0]
    for _ in range(len(_MOVING)):
        writer = writers.get(name)
        if writer is None or not writer.inputs:
            break
        if writer.operator == "DequantizeLinear":
            return tensors.get(writer.inputs[0]).dtype
        if writer.operator not in _MOVING:
            break
        name = writer.inputs[0]
    return tensors.get(name).dtype
