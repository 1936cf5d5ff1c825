"""Small graphs with seeded weights, and comparisons, for the tests of the export."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fv_export import execute
from fv_export.graph import (
    NO_PADDING,
    Activation,
    Add,
    Affine,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Fused,
    Graph,
    Mul,
    Node,
    Padding,
)
from fv_export.rewriting import Rewritten, rewrite
from fv_export.shapes import built

SIDE = 8
IMAGE = "image"
ONE_PIXEL: Padding = ((1, 1), (1, 1))


def pictures(count: int = 3, side: int = SIDE, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3)).astype(np.float32)


def graph(*nodes: Node, side: int = SIDE) -> Graph:
    """The nodes in order; the last one's output is the graph's."""
    return built("small", IMAGE, (1, side, side, 3), nodes[-1].output, nodes)


def _values(name: str, *shape: int, scale: float = 1.0) -> NDArray[np.float32]:
    seed = sum(name.encode())
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def conv(
    name: str,
    source: str,
    channels: tuple[int, int] = (3, 4),
    *,
    size: int = 3,
    padding: Padding = NO_PADDING,
    stride: int = 1,
    fused: Fused = Fused.NONE,
    scale: float = 0.02,
) -> Conv:
    return Conv(
        name=name,
        inputs=(source,),
        output=name,
        kernel=_values(name, size, size, *channels, scale=scale),
        bias=_values(f"{name}/bias", channels[1]),
        strides=(stride, stride),
        padding=padding,
        fused=fused,
    )


def depthwise(name: str, source: str, channels: int = 3, *, padding: Padding = NO_PADDING) -> DepthwiseConv:
    """A 3x3 kernel with two output channels for each input channel."""
    return DepthwiseConv(
        name=name,
        inputs=(source,),
        output=name,
        kernel=_values(name, 3, 3, channels, 2, scale=0.1),
        bias=_values(f"{name}/bias", 2 * channels),
        strides=(1, 1),
        padding=padding,
    )


def dense(name: str, source: str, channels: tuple[int, int]) -> Dense:
    return Dense(
        name=name,
        inputs=(source,),
        output=name,
        kernel=_values(name, *channels, scale=0.3),
        bias=_values(f"{name}/bias", channels[1]),
    )


def affine(
    name: str, source: str, scale: list[float] | NDArray[np.float32], shift: list[float] | NDArray[np.float32],
    fused: Fused = Fused.NONE,
) -> Affine:  # fmt: skip
    return Affine(
        name=name,
        inputs=(source,),
        output=name,
        scale=np.asarray(scale, np.float32),
        shift=np.asarray(shift, np.float32),
        fused=fused,
    )


def pixels(name: str = "pixels") -> Affine:
    """Pixel values to about -4 ... 4, where activations bend."""
    return affine(name, IMAGE, [1 / 32] * 3, [-4.0] * 3)


def activation(name: str, source: str, function: Function, alpha: float = 0.0) -> Activation:
    return Activation(name=name, inputs=(source,), output=name, function=function, alpha=alpha)


def add(name: str, first: str, second: str) -> Add:
    return Add(name=name, inputs=(first, second), output=name)


def mul(name: str, first: str, second: str) -> Mul:
    return Mul(name=name, inputs=(first, second), output=name)


def rewritten(before: Graph, *names: str) -> Rewritten:
    """Apply rewrites; the answers on pictures other than the runner's are compared here again."""
    result = rewrite(before, names, pictures(seed=1))
    assert_same_answers(before, result.graph)
    return result


def assert_same_answers(first: Graph, second: Graph) -> None:
    """Equal but for the rounding of float32 over sums of a few dozen terms: 1e-5 of the largest value."""
    batch = pictures()
    one, other = answers(first, batch), answers(second, batch)
    assert np.abs(one).max() > 0
    np.testing.assert_allclose(other, one, rtol=0, atol=1e-5 * float(np.abs(one).max()))


def answers(of: Graph, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    return execute.run(of, batch)[of.output]


def kinds(of: Graph) -> list[str]:
    """What the nodes are, in order; activations by their function."""
    return [str(node.function) if isinstance(node, Activation) else type(node).__name__ for node in of.nodes]
