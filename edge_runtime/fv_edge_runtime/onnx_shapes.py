"""Sizes of what the operators of classifiers write, from the sizes of what they read.

    convolutions, pools    o = floor or ceil((i + before + after - d (k - 1) - 1) / s) + 1; auto_pad SAME: ceil(i / s)
    element-wise           NumPy's broadcasting

A size that is not known is -1. Operators outside of the table write what is not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from fv_edge_runtime.onnx_file import Constant, Node
from fv_edge_runtime.onnx_values import integers_of

Shape = tuple[int, ...]
Constants = Mapping[str, Constant]
UNKNOWN = -1


def knows(operator: str) -> bool:
    """Whether the operator is in the table: then what it writes has the type of what it reads."""
    return operator in _SHAPES


def elements(shape: Shape | None) -> int | None:
    """How many numbers a tensor holds; None where that is not known."""
    return None if shape is None or UNKNOWN in shape else math.prod(shape)


def written_shape(constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    """The shape of a node's first result from those of its inputs; None where it is not known."""
    rule = _SHAPES.get(node.operator)
    if rule is None or not given:
        return None
    try:
        return rule(constants, node, given)
    except (IndexError, TypeError, ValueError, ZeroDivisionError):
        # Attributes or ranks that do not fit: a file that no runtime would take. It is described without this shape.
        return None


Rule = Callable[[Constants, Node, list[Shape | None]], Shape | None]


def _same(_constants: Constants, _node: Node, given: list[Shape | None]) -> Shape | None:
    return given[0]


def _broadcast(_constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    # QLinearAdd and QLinearMul have a scale and a zero point behind each of the two.
    operands = [given[0], given[3]] if node.operator.startswith("QLinear") else given
    known = [shape for shape in operands if shape is not None]
    if len(known) != len(operands):
        return None
    rank = max(len(shape) for shape in known)
    columns = zip(*((1,) * (rank - len(shape)) + shape for shape in known), strict=True)
    return tuple(UNKNOWN if UNKNOWN in sizes and max(sizes) <= 1 else max(sizes) for sizes in columns)


def _conv(_constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    kernel = given[3] if node.operator.startswith("QLinear") else given[1]
    if given[0] is None or kernel is None:
        return None
    return (given[0][0], kernel[0], *_slid(node, given[0][2:], kernel[2:]))


def _pool(_constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    window = _ints(node, "kernel_shape", ())
    return None if given[0] is None else (*given[0][:2], *_slid(node, given[0][2:], window))


def _slid(node: Node, sizes: Shape, window: Sequence[int]) -> list[int]:
    rank = len(sizes)
    strides, dilations = _ints(node, "strides", (1,) * rank), _ints(node, "dilations", (1,) * rank)
    pads = _ints(node, "pads", (0,) * 2 * rank)
    if str(node.attributes.get("auto_pad", "NOTSET")).startswith("SAME"):
        return [UNKNOWN if size < 0 else -(-size // stride) for size, stride in zip(sizes, strides, strict=True)]
    found = []
    for axis, size in enumerate(sizes):
        room = size + pads[axis] + pads[axis + rank] - dilations[axis] * (window[axis] - 1) - 1
        steps = -(-room // strides[axis]) if node.attributes.get("ceil_mode") else room // strides[axis]
        found.append(UNKNOWN if size < 0 else steps + 1)
    return found


def _global(_constants: Constants, _node: Node, given: list[Shape | None]) -> Shape | None:
    return None if given[0] is None else (*given[0][:2], *(1 for _ in given[0][2:]))


def _reduced(constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    if given[0] is None:
        return None
    rank = len(given[0])
    axes = {axis % rank for axis in _axes(constants, node) or range(rank)}
    keeps = node.attributes.get("keepdims", 1)
    return tuple(1 if axis in axes else size for axis, size in enumerate(given[0]) if keeps or axis not in axes)


def _transposed(_constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    if given[0] is None:
        return None
    order = _ints(node, "perm", tuple(reversed(range(len(given[0])))))
    return tuple(given[0][axis] for axis in order)


def _flat(_constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    if given[0] is None:
        return None
    axis = int(str(node.attributes.get("axis", 1)))
    parts = (given[0][:axis], given[0][axis:])
    return tuple(UNKNOWN if UNKNOWN in part else math.prod(part) for part in parts)


def _reshaped(constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    wanted = integers_of(constants.get(node.inputs[1]))
    if wanted is None:
        return None
    kept = [given[0][axis] if size == 0 and given[0] else size for axis, size in enumerate(wanted)]
    total = elements(given[0])
    if kept.count(-1) == 1 and total is not None:
        kept[kept.index(-1)] = total // math.prod(size for size in kept if size != -1)
    return tuple(kept)


def _squeezed(constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    axes = _axes(constants, node)
    if given[0] is None:
        return None
    rank = len(given[0])
    dropped = {axis % rank for axis in axes} or {axis for axis, size in enumerate(given[0]) if size == 1}
    return tuple(size for axis, size in enumerate(given[0]) if axis not in dropped)


def _unsqueezed(constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    axes = _axes(constants, node)
    if given[0] is None:
        return None
    rank, left = len(given[0]) + len(axes), iter(given[0])
    added = {axis % rank for axis in axes}
    return tuple(1 if axis in added else next(left) for axis in range(rank))


def _axes(constants: Constants, node: Node) -> tuple[int, ...]:
    """In an attribute up to opset 12, in the second input since."""
    named = integers_of(constants.get(node.inputs[1])) if len(node.inputs) > 1 else None
    return named or _ints(node, "axes", ())


def _concat(_constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    known = [shape for shape in given if shape is not None]
    if len(known) != len(given):
        return None
    axis = int(str(node.attributes["axis"])) % len(known[0])
    sizes = [shape[axis] for shape in known]
    return (*known[0][:axis], UNKNOWN if UNKNOWN in sizes else sum(sizes), *known[0][axis + 1 :])


def _gemm(_constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    x, kernel = given[0], given[3] if node.operator == "QGemm" else given[1]
    if x is None or kernel is None:
        return None
    return x[1 if node.attributes.get("transA") else 0], kernel[0 if node.attributes.get("transB") else 1]


def _matmul(_constants: Constants, node: Node, given: list[Shape | None]) -> Shape | None:
    x, y = given[0], given[3] if node.operator == "QLinearMatMul" else given[1]
    return None if x is None or y is None else (*x[:-1], y[-1])


def _ints(node: Node, name: str, usual: tuple[int, ...]) -> tuple[int, ...]:
    found = node.attributes.get(name, usual)
    return found if isinstance(found, tuple) else usual


_SAME = """
    Relu Clip Sigmoid HardSigmoid HardSwish Softmax LogSoftmax Tanh LeakyRelu Elu Selu Gelu Erf Sqrt Exp Log Neg Abs
    Floor Ceil Round Reciprocal Identity Cast Dropout BatchNormalization InstanceNormalization LayerNormalization
    QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearSigmoid QLinearLeakyRelu QLinearSoftmax
    QuickGelu FastGelu BiasGelu
""".split()
_SHAPES: dict[str, Rule] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "PRelu", "QLinearAdd", "QLinearMul"), _broadcast),
    **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv", "FusedConv"), _conv),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool", "QLinearAveragePool"), _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "QLinearGlobalAveragePool"), _global),
    **dict.fromkeys(("ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum"), _reduced),
    **dict.fromkeys(("Gemm", "QGemm"), _gemm),
    **dict.fromkeys(("MatMul", "MatMulInteger", "QLinearMatMul", "DynamicQuantizeMatMul", "FusedMatMul"), _matmul),
    "Transpose": _transposed,
    "Flatten": _flat,
    "Reshape": _reshaped,
    "Concat": _concat,
    "Squeeze": _squeezed,
    "Unsqueeze": _unsqueezed,
}
