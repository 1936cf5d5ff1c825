"""Convolutions of a small picture, for the writers' tests of `fv_export.write.quads`."""

from __future__ import annotations

import numpy as np

from fv_export.graph import Conv, Fused, Graph, Padding
from tests.export.write.tflite_cases import Case, graph_of

ROWS, COLUMNS, CHANNELS, FILTERS = 9, 8, 3, 5
NONE: Padding = ((0, 0), (0, 0))
# Width of the kernel, padding, and the columns that become one in ONNX and in TFLite: TensorFlow's SAME, PyTorch's 1 on
# all sides, others, an odd number of results, and a kernel that is no wider than the stride.
PADDINGS: list[tuple[int, Padding, int, int]] = [
    (3, ((1, 1), (0, 1)), 4, 4),
    (3, ((1, 1), (1, 1)), 4, 4),
    (4, ((1, 1), (1, 1)), 4, 4),
    (5, ((1, 1), (1, 2)), 4, 4),
    (7, ((1, 1), (2, 3)), 4, 4),
    (7, ((1, 1), (6, 4)), 4, 4),
    (7, ((1, 1), (5, 3)), 1, 2),
    (1, NONE, 4, 4),
    (2, NONE, 4, 4),
    (2, ((0, 0), (0, 2)), 1, 1),
    (3, ((0, 1), (1, 0)), 4, 4),
    (3, NONE, 1, 2),
]


def conv(
    width: int = 3,
    padding: Padding = ((1, 1), (0, 1)),
    strides: tuple[int, int] = (2, 2),
    channels: int = CHANNELS,
    dilation: tuple[int, int] = (1, 1),
    fused: Fused = Fused.NONE,
) -> Conv:
    """One with random weights."""
    kernel = np.random.default_rng(7).normal(0, 0.5, (3, width, channels, FILTERS)).astype(np.float32)
    bias = np.random.default_rng(8).normal(0, 0.5, FILTERS).astype(np.float32)
    return Conv(
        name="node", inputs=("x",), output="out", kernel=kernel, bias=bias, strides=strides, padding=padding,
        dilation=dilation, fused=fused,
    )  # fmt: skip


def graph(node: Conv) -> Graph:
    """A picture of 9 x 8 pixels, and `node`."""
    sizes = (ROWS, COLUMNS)
    rows, columns = (
        (sizes[axis] + sum(node.padding[axis]) - node.kernel.shape[axis]) // node.strides[axis] + 1 for axis in (0, 1)
    )
    return graph_of(Case((node,), {"out": (1, rows, columns, FILTERS)}))
