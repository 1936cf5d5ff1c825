"""From the normal form's axis orders to ONNX's.

    feature maps   (1, H, W, C)               -> (1, C, H, W)
    Conv           (kh, kw, c_in, c_out)      -> (c_out, c_in, kh, kw)
    DepthwiseConv  (kh, kw, c_in, m)          -> (c_in * m, 1, kh, kw), group = c_in; channel c_in_index * m + m_index
    Dense          (c_in, c_out)              unchanged: the matrix B of Gemm

A feature map that is flattened to a vector lies in memory as (H, W, C) in the normal form and as (C, H, W) here. Where
only Dense layers read the vector its order is free, and their rows are permuted instead of the pixels.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Conv, Dense, DepthwiseConv, Graph, Padding, Reshape, Shape

Scalar = TypeVar("Scalar", bound=np.generic)
TO_CHANNELS_FIRST = (0, 3, 1, 2)
TO_CHANNELS_LAST = (0, 2, 3, 1)


def channels_first(shape: Shape) -> Shape:
    """The shape that a tensor of the normal form has in the file."""
    return (shape[0], shape[3], shape[1], shape[2]) if len(shape) == 4 else shape


def is_map(shape: Shape) -> bool:
    """Whether the order of the axes matters in memory: a feature map of more than one pixel."""
    return len(shape) == 4 and shape[1] * shape[2] > 1


def pads(padding: Padding) -> list[int]:
    """ONNX's order: begins, then ends."""
    (top, bottom), (left, right) = padding
    return [top, left, bottom, right]


def kernel_of(node: Conv | DepthwiseConv | Dense, array: NDArray[Scalar], graph: Graph) -> NDArray[Scalar]:
    """`array`, shaped as the node's kernel, in the file's axis order."""
    if isinstance(node, Conv):
        return array.transpose(3, 2, 0, 1)
    if isinstance(node, DepthwiseConv):
        rows, columns, channels, multiplier = array.shape
        return array.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, columns)
    source = flattened_from(graph, node.inputs[0])
    if source is None:
        return array
    _, height, width, channels = source
    return array.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(array.shape)


def flattened_from(graph: Graph, tensor: str) -> Shape | None:
    """Shape of the map that `tensor` was flattened from without reordering; None where there is no such map."""
    producer = graph.producer(tensor)
    if not isinstance(producer, Reshape) or not keeps_memory_order(graph, producer):
        return None
    source = graph.shapes[producer.inputs[0]]
    return source if is_map(source) else None


def keeps_memory_order(graph: Graph, node: Reshape) -> bool:
    """Whether the vector that `node` makes of a map is read by Dense layers alone."""
    readers: list[Any] = graph.consumers(node.output)
    if node.output == graph.output or not readers or len(node.shape) != 2:
        return False
    return all(isinstance(reader, Dense) for reader in readers)
