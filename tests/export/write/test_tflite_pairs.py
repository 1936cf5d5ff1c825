"""Convolutions on pairs of columns: the integers of the plain ones, for every padding; left where nothing is saved."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fv_export.graph import Conv, Graph
from fv_export.write.tflite import nodes, write
from fv_export.write.tflite.pairs import paired
from tests.export.write.tflite_cases import Case, Loaded, annotated, graph_of, manifest, pictures

ROWS, COLUMNS, CHANNELS = 9, 8, 3
NONE = ((0, 0), (0, 0))


def conv(
    width: int = 3,
    padding: tuple[tuple[int, int], tuple[int, int]] = ((1, 1), (0, 1)),
    strides: tuple[int, int] = (2, 2),
    channels: int = CHANNELS,
    dilation: tuple[int, int] = (1, 1),
) -> Conv:
    kernel = np.random.default_rng(7).normal(0, 0.5, (3, width, channels, 5)).astype(np.float32)
    bias = np.random.default_rng(8).normal(0, 0.5, 5).astype(np.float32)
    return Conv(
        name="node", inputs=("x",), output="out", kernel=kernel, bias=bias, strides=strides, padding=padding,
        dilation=dilation,
    )  # fmt: skip


def graph(node: Conv) -> Graph:
    sizes = (ROWS, COLUMNS)
    rows, columns = (
        (sizes[axis] + sum(node.padding[axis]) - node.kernel.shape[axis]) // node.strides[axis] + 1 for axis in (0, 1)
    )
    return graph_of(Case((node,), {"out": (1, rows, columns, 5)}))


def answers(of: Graph) -> tuple[list[str], NDArray[np.float32]]:
    annotation = annotated(of, {"out": (-9.0, 9.0)}, 8)
    data = write(of, annotation, "int8", manifest("int8"))
    return Loaded(data, delegate=False).operators(), Loaded(data).run(pictures())


# Width of the kernel, padding: TensorFlow's SAME and VALID, PyTorch's 1 on all sides and another that need an operator
# of their own either way; and a kernel that is no wider than the stride.
@pytest.mark.parametrize(
    ("width", "padding", "on_pairs"),
    [
        (3, ((1, 1), (0, 1)), True),
        (3, NONE, True),
        (3, ((1, 1), (1, 1)), True),
        (4, ((1, 1), (1, 1)), True),
        (5, ((1, 1), (1, 2)), True),
        (7, ((1, 1), (2, 3)), True),
        (3, ((0, 1), (1, 0)), True),
        (2, NONE, False),
    ],
)
def test_the_integers_are_the_same(
    width: int, padding: tuple[tuple[int, int], tuple[int, int]], on_pairs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = graph(conv(width, padding))
    operators, found = answers(of)
    monkeypatch.setattr(nodes, "paired", lambda *_: None)
    plain, expected = answers(of)
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(found)) > 20
    assert ("RESHAPE" in operators) == on_pairs
    assert "RESHAPE" not in plain


def test_a_row_is_read_as_it_lies_in_memory() -> None:
    node = conv()
    found = paired(node, (1, ROWS, COLUMNS, CHANNELS))
    assert found is not None
    assert found.shape == (1, ROWS, COLUMNS // 2, 2 * CHANNELS)
    assert found.node.strides == (2, 1)
    kernel = found.kernel(np.arange(3 * 3 * 3 * 5, dtype=np.int8).reshape(3, 3, 3, 5))
    assert kernel.shape == (3, 2, 6, 5)
    assert kernel.dtype == np.int8
    np.testing.assert_array_equal(kernel[:, 1, 3:], 0)


@pytest.mark.parametrize(
    ("node", "shape"),
    [
        (conv(), (1, ROWS, 7, CHANNELS)),  # an odd row has no pairs
        (conv(strides=(2, 1)), (1, ROWS, COLUMNS, CHANNELS)),
        (conv(channels=5), (1, ROWS, COLUMNS, 5)),  # eights are full enough
        (conv(padding=NONE, dilation=(1, 2)), (1, ROWS, COLUMNS, CHANNELS)),
    ],
)
def test_where_it_cannot_be_or_saves_nothing_the_convolution_stays(
    node: Conv, shape: tuple[int, int, int, int]
) -> None:
    assert paired(node, shape) is None


@pytest.mark.parametrize(("scheme", "bits"), [("fp32", 0), ("dynamic", 8), ("int16x8", 16)])
def test_only_8_bit_kernels_are_padded_and_so_only_they_read_pairs(scheme: str, bits: int) -> None:
    of = graph(conv())
    annotation = annotated(of, {"out": (-9.0, 9.0)}, bits) if bits else None
    data = write(of, annotation, scheme, manifest(scheme))
    assert "RESHAPE" not in Loaded(data, delegate=False).operators()
