"""Types and sizes of the tensors of an ONNX file, followed from the inputs through the operators of classifiers.

Exporters need not write them down, and most do not. A free batch counts as 1. What an operator outside of the table of
`onnx_shapes` writes has the type and shape that the file states for it, or none.
"""

from __future__ import annotations

from dataclasses import dataclass

from fv_edge_runtime.onnx_file import Constant, Node, OnnxFile
from fv_edge_runtime.onnx_shapes import UNKNOWN, Shape, knows, written_shape


@dataclass(frozen=True)
class Typed:
    """A tensor: `shape` None where not even its rank is known. `is_constant`: known when the file is loaded."""

    dtype: str
    shape: Shape | None
    is_constant: bool = False


class Tensors:
    """What is known of every tensor of the file, by name."""

    def __init__(self, model: OnnxFile) -> None:
        self.constants: dict[str, Constant] = model.constants
        self._known = {name: Typed(one.dtype, one.shape, True) for name, one in model.constants.items()}
        self._stated = {value.name: Typed(value.dtype, value.shape) for value in (*model.values, *model.outputs)}
        for value in model.inputs:
            if value.name not in self._known:
                self._known[value.name] = Typed(value.dtype, _at_batch_1(value.shape))
        for node in model.nodes:
            if not node.in_branch and node.operator != "Constant":
                self._follow(node)

    def get(self, name: str) -> Typed:
        """What is known of a tensor."""
        return self._known.get(name, Typed("not stated", None))

    def inputs(self, node: Node) -> list[Typed]:
        """What is known of what a node reads, in order; inputs that are not given are empty tensors."""
        return [self.get(name) for name in node.inputs]

    def _follow(self, node: Node) -> None:
        given = self.inputs(node)
        is_constant = bool(given) and all(one.is_constant for one in given)
        first = written_shape(self.constants, node, [one.shape for one in given])
        for place, name in enumerate(node.outputs):
            dtype, shape = _dtype(node, given, place), first if place == 0 else None
            stated = self._stated.get(name)
            if stated is not None:
                dtype = stated.dtype if dtype == "not stated" else dtype
                shape = _at_batch_1(stated.shape) if shape is None else shape
            self._known[name] = Typed(dtype, shape, is_constant)


def _at_batch_1(shape: Shape | None) -> Shape | None:
    return (1, *shape[1:]) if shape and shape[0] == UNKNOWN else shape


def _dtype(node: Node, given: list[Typed], place: int) -> str:
    match node.operator:
        case "QuantizeLinear":
            return given[2].dtype if len(given) > 2 else "uint8"
        case "DynamicQuantizeLinear":
            return ("uint8", "float32", "uint8")[min(place, 2)]
        case "DequantizeLinear":
            return given[1].dtype if len(given) > 1 else "float32"
        case "ConvInteger" | "MatMulInteger":
            return "int32"
        case "Cast":
            return _CAST.get(node.attributes.get("to", 0), "not stated")
        case "DynamicQuantizeMatMul" | "MatMulIntegerToFloat":
            return "float32"
        case "Shape" | "Size" | "ArgMax" | "ArgMin" | "NonZero":
            return "int64"
    changing = [one.dtype for one in given if not one.is_constant] or [one.dtype for one in given]
    return changing[0] if changing and knows(node.operator) else "not stated"


# TensorProto.DataType, of those that Cast is used for.
_CAST: dict[object, str] = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16"}
