"""Convolutions of a small picture, for the writers' tests of `fv_export.write.quads`."""

from __future__ import annotations

import numpy as np

from fv_export.graph import Conv, Fused, Graph, Padding
from tests.export.write.tflite_cases import Case, graph_of

ROWS, COLUMNS, CHANNELS, FILTERS = 9, 8, 3, 5
NONE: Padding = ((0, 0), (0, 0))
# Width of the kernel, padding, whether it goes on quads: TensorFlow's SAME, PyTorch's 1 on all sides, others; more
# columns in front than behind; and an odd number of results.
PADDINGS: list[tuple[int, Padding, bool]] = [
    (3, ((1, 1), (0, 1)), True),
    (3, ((1, 1), (1, 1)), True),
    (4, ((1, 1), (1, 1)), True),
    (5, ((1, 1), (1, 2)), True),
    (7, ((1, 1), (2, 3)), True),
    (7, ((1, 1), (5, 3)), False),
    (1, NONE, True),
    (2, NONE, True),
    (3, ((0, 1), (1, 0)), True),
    (3, NONE, False),
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
