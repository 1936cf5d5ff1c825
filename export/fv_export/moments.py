"""What the kernels of a network see: mean and covariance of the values under each weight, over calibration pictures.

A linear node is a product of columns: y_o = sum_k w_ko x_k + b_o, where x are the values under the window at one
position. Dense and Conv have one group of columns (x: window and input channels), DepthwiseConv one group for each
input channel (x: the window). For each group

    mean_k = E[x_k]          covariance_kl = E[(x_k - mean_k)(x_l - mean_l)]

of the float network, over some positions of each picture: 576 x 576 covariances of a MobileNetV3 are then estimated
from thousands of rows, the 5 x 5 windows of a depthwise kernel too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fv_export.graph import Conv, Dense, DepthwiseConv, Floats, Graph
from fv_export.looking import Batches, Looker, look
from fv_export.shapes import windows

Linear = Conv | DepthwiseConv | Dense
LINEAR = (Conv, DepthwiseConv, Dense)
Doubles = NDArray[np.float64]

# Positions of each picture: 200 pictures give 12,800 rows to a covariance of at most about a thousand columns, and
# 3,200 to the 9 or 25 of a depthwise window.
_POSITIONS = {Conv: 64, DepthwiseConv: 16}
_SEED = 0
# Rows wait until there are 4 MB of them: a thousand of the widest kernels' columns.
_VALUES_AT_ONCE = 1 << 20


class Moments:
    """Running sums for one node; `mean` (groups, columns) and `covariance` (groups, columns, columns)."""

    def __init__(self, groups: int, columns: int) -> None:
        self.rows = 0
        self._origin: Floats | None = None
        self._sum: Doubles = np.zeros((groups, columns))
        self._products: Doubles = np.zeros((groups, columns, columns))
        self._waiting: list[Floats] = []

    def add(self, rows: Floats) -> None:
        """`rows`: (groups, n, columns)."""
        if self._origin is None:
            # Sums of squares far from the mean would cancel in float32.
            self._origin = rows.mean(axis=1, keepdims=True)
        self.rows += rows.shape[1]
        self._waiting.append(rows - self._origin)
        if sum(part.size for part in self._waiting) > _VALUES_AT_ONCE:
            self._sum_up()

    def _sum_up(self) -> None:
        """One product of many rows: adding to all the covariances is what costs where there are few."""
        if not self._waiting:
            return
        rows = np.concatenate(self._waiting, axis=1)
        self._waiting = []
        self._sum += rows.sum(axis=1, dtype=np.float64)
        self._products += rows.transpose(0, 2, 1) @ rows

    @property
    def mean(self) -> Doubles:
        """(groups, columns)."""
        self._sum_up()
        origin = 0.0 if self._origin is None else self._origin[:, 0].astype(np.float64)
        return self._sum / self.rows + origin

    @property
    def covariance(self) -> Doubles:
        """(groups, columns, columns)."""
        self._sum_up()
        mean = self._sum / self.rows
        return self._products / self.rows - mean[:, :, None] * mean[:, None, :]


def observe_moments(graph: Graph, batches: Batches) -> dict[str, Moments]:
    """Name of each linear node -> moments of what its weights multiply; `batches` as in `calibrate.observe`."""
    observer = MomentsOfKernels(graph)
    look(graph, batches, [observer])
    return observer.found


class MomentsOfKernels(Looker):
    """Sums up what every kernel of a graph multiplies. `found`: name of each linear node -> its moments."""

    def __init__(self, graph: Graph) -> None:
        self._nodes = [node for node in graph.nodes if isinstance(node, LINEAR)]
        super().__init__(tuple(node.inputs[0] for node in self._nodes))
        self.found = {node.name: Moments(*columns_of(node).shape[:2]) for node in self._nodes}
        self._chance = np.random.default_rng(_SEED)

    def add(self, values: dict[str, Floats]) -> None:
        """Take in the inputs of all kernels for some pictures."""
        for node in self._nodes:
            self.found[node.name].add(rows_of(node, values[node.inputs[0]], self._chance))


def columns_of(node: Linear) -> Floats:
    """The kernel as (groups, columns, outputs of each group)."""
    if isinstance(node, DepthwiseConv):
        height, width, channels, multiplier = node.kernel.shape
        return node.kernel.reshape(height * width, channels, multiplier).transpose(1, 0, 2)
    return node.kernel.reshape(1, -1, node.kernel.shape[-1])


def kernel_of(node: Linear, columns: NDArray[np.generic]) -> Floats:
    """The inverse of `columns_of`, as float32."""
    if isinstance(node, DepthwiseConv):
        columns = columns.transpose(1, 0, 2)
    return np.ascontiguousarray(columns.reshape(node.kernel.shape), np.float32)


def rows_of(node: Linear, x: Floats, chance: np.random.Generator) -> Floats:
    """(groups, n, columns): what the kernel multiplies at some positions of each picture; x is (pictures, ...)."""
    if isinstance(node, Dense):
        return x[None]
    height, width = node.kernel.shape[:2]
    rows, columns = windows((1, *x.shape[1:]), (height, width), node.strides, node.padding, node.dilation)
    padded = np.pad(x, ((0, 0), *node.padding, (0, 0)))
    total, limit = rows * columns, _POSITIONS[type(node)]
    chosen = np.stack([chance.permutation(total)[:limit] for _ in x])
    tops, lefts = (chosen // columns) * node.strides[0], (chosen % columns) * node.strides[1]
    pictures = np.arange(len(x))[:, None]
    taps = [
        padded[pictures, tops + row * node.dilation[0], lefts + column * node.dilation[1]]
        for row in range(height)
        for column in range(width)
    ]
    # (pictures, positions, taps, channels)
    values = np.stack(taps, axis=2).reshape(-1, height * width, x.shape[-1])
    if isinstance(node, DepthwiseConv):
        return np.ascontiguousarray(values.transpose(2, 0, 1))
    return values.reshape(1, len(values), -1)
