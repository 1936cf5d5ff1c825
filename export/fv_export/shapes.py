"""The shape that a node writes, from the shapes it reads.

Convolutions and pools (rows and columns alike):
    out = floor((in + before + after - dilation * (kernel - 1) - 1) / stride) + 1
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from fv_export.graph import (
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Graph,
    Mean,
    Node,
    Pad,
    Padding,
    Pool,
    Reshape,
    Shape,
)


def built(name: str, input_name: str, input_shape: Shape, output: str, nodes: Iterable[Node]) -> Graph:
    """A graph of `nodes` with every shape worked out; raises `ValueError` where they do not fit together."""
    nodes = tuple(nodes)
    shapes = {input_name: input_shape}
    for node in nodes:
        missing = [tensor for tensor in node.inputs if tensor not in shapes]
        if missing:
            raise ValueError(f"{node.name} reads {missing} before anything writes it")
        shapes[node.output] = shape_of(node, [shapes[tensor] for tensor in node.inputs])
    graph = Graph(name=name, input=input_name, output=output, nodes=nodes, shapes=shapes)
    graph.check()
    return graph


def shape_of(node: Node, inputs: list[Shape]) -> Shape:
    """The shape of `node.output`; raises `ValueError` where the inputs do not fit the node."""
    first = inputs[0]
    match node:
        case Conv():
            _require(len(first) == 4 and first[3] == node.kernel.shape[2], node, first)
            rows, columns = windows(first, node.kernel.shape[:2], node.strides, node.padding, node.dilation)
            return (1, rows, columns, node.kernel.shape[3])
        case DepthwiseConv():
            _require(len(first) == 4 and first[3] == node.kernel.shape[2], node, first)
            rows, columns = windows(first, node.kernel.shape[:2], node.strides, node.padding, node.dilation)
            return (1, rows, columns, node.kernel.shape[2] * node.kernel.shape[3])
        case Pool():
            _require(len(first) == 4, node, first)
            rows, columns = windows(first, node.window, node.strides, node.padding)
            return (1, rows, columns, first[3])
        case Dense():
            _require(len(first) == 2 and first[1] == node.kernel.shape[0], node, first)
            return (1, node.kernel.shape[1])
        case Mean():
            _require(len(first) == 4, node, first)
            return (1, 1, 1, first[3]) if node.keep_dims else (1, first[3])
        case Pad():
            _require(len(first) == 4, node, first)
            (top, bottom), (left, right) = node.padding
            return (1, first[1] + top + bottom, first[2] + left + right, first[3])
        case Concat():
            _require(all(shape[:-1] == first[:-1] for shape in inputs), node, first)
            return (*first[:-1], sum(shape[-1] for shape in inputs))
        case Reshape():
            _require(math.prod(node.shape) == math.prod(first), node, first)
            return node.shape
        case _:
            # Element-wise: the inputs' common shape.
            return tuple(int(size) for size in np.broadcast_shapes(*inputs))


def windows(
    shape: Shape,
    kernel: tuple[int, ...],
    strides: tuple[int, int],
    padding: Padding,
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """How many windows fit over the rows and over the columns of a (1, H, W, C) map."""
    rows, columns = (
        (size + sum(pad) - step * (width - 1) - 1) // stride + 1
        for size, pad, step, width, stride in zip(shape[1:3], padding, dilation, kernel, strides, strict=True)
    )
    return rows, columns


def _require(fits: bool, node: Node, shape: Shape) -> None:
    if not fits:
        raise ValueError(f"{type(node).__name__} {node.name} cannot read a tensor of shape {shape}")
