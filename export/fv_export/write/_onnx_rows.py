"""The first convolution of a float file, on rows: the picture goes into it as it lies in memory.

onnxruntime's float convolutions take channels first, and turning a picture round costs as much as a small layer. But a
row of W pixels is a row of 3 W numbers: (H, W, 3) is a map (H, 3 W) of one channel, and the kernel of 3 x 3 pixels with
a stride of 2 is one of 3 x 9 numbers with a stride of 6. The same products are added up, pixel by pixel where it was
channel by channel.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fv_export.graph import Affine, Conv, Floats, Fused, Graph, Node, Shape, Weights

# Pictures have at most so many channels; more would be worth a layout of their own.
_CHANNELS = 4


def on_rows(graph: Graph, weights: dict[str, Weights]) -> tuple[Graph, dict[str, Weights]]:
    """`graph` and `weights` with the picture as one channel; as they are where the picture does not go into one
    convolution, directly or through a scale and a shift that are the same for all channels."""
    start = _start(graph)
    if start is None:
        return graph, weights
    channels, conv = graph.shapes[graph.input][-1], start[-1]
    nodes = {node.name: _flat(node, channels) for node in start}
    shapes = {tensor: _flat_shape(graph.shapes[tensor]) for tensor in (graph.input, *(n.output for n in start[:-1]))}
    found = replace(
        graph, nodes=tuple(nodes.get(node.name, node) for node in graph.nodes), shapes=graph.shapes | shapes
    )
    if conv.name not in weights:
        return found, weights
    own = weights[conv.name]
    height, width, _, filters = own.kernel.shape
    flat = replace(own, kernel=own.kernel.reshape(height, width * channels, 1, filters))
    return found, weights | {conv.name: flat}


def _start(graph: Graph) -> list[Node] | None:
    """What reads the picture, up to the first convolution."""
    found: list[Node] = []
    tensor = graph.input
    if graph.shapes[tensor][-1] > _CHANNELS:
        return None
    while True:
        readers = graph.consumers(tensor)
        if len(readers) != 1 or tensor == graph.output:
            return None
        (node,) = readers
        found.append(node)
        if isinstance(node, Conv):
            return found if node.dilation[1] == 1 else None
        if not isinstance(node, Affine) or node.fused is not Fused.NONE or np.ptp(node.scale) or np.ptp(node.shift):
            return None
        tensor = node.output


def _flat(node: Node, channels: int) -> Node:
    if isinstance(node, Affine):
        return replace(node, scale=_first(node.scale), shift=_first(node.shift))
    if not isinstance(node, Conv):
        raise ValueError(f"{node.name} has no form on rows")
    height, width, _, filters = node.kernel.shape
    rows, (left, right) = node.padding
    return replace(
        node,
        kernel=node.kernel.reshape(height, width * channels, 1, filters),
        strides=(node.strides[0], node.strides[1] * channels),
        padding=(rows, (left * channels, right * channels)),
    )


def _first(values: Floats) -> Floats:
    return values.reshape(-1)[:1]


def _flat_shape(shape: Shape) -> Shape:
    return (shape[0], shape[1], shape[2] * shape[3], 1)
