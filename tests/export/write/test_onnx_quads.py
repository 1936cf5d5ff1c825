"""Convolutions on quads of columns: the integers of the plain ones, for every padding; left where they do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fv_export.graph import Conv, Fused, Graph, Padding
from fv_export.write import _onnx_integer_forms as forms
from fv_export.write._onnx_quads import in_quads
from fv_export.write.onnx import write
from tests.export.write.onnx_files import Loaded, as_vector, kernels
from tests.export.write.tflite_cases import Case, annotated, graph_of, manifest, pictures

ROWS, COLUMNS, CHANNELS, FILTERS = 9, 8, 3, 5
NONE: Padding = ((0, 0), (0, 0))


def conv(
    width: int = 3,
    padding: Padding = ((1, 1), (0, 1)),
    strides: tuple[int, int] = (2, 2),
    channels: int = CHANNELS,
    dilation: tuple[int, int] = (1, 1),
    fused: Fused = Fused.NONE,
) -> Conv:
    kernel = np.random.default_rng(7).normal(0, 0.5, (3, width, channels, FILTERS)).astype(np.float32)
    bias = np.random.default_rng(8).normal(0, 0.5, FILTERS).astype(np.float32)
    return Conv(
        name="node", inputs=("x",), output="out", kernel=kernel, bias=bias, strides=strides, padding=padding,
        dilation=dilation, fused=fused,
    )  # fmt: skip


def graph(node: Conv) -> Graph:
    sizes = (ROWS, COLUMNS)
    rows, columns = (
        (sizes[axis] + sum(node.padding[axis]) - node.kernel.shape[axis]) // node.strides[axis] + 1 for axis in (0, 1)
    )
    return graph_of(Case((node,), {"out": (1, rows, columns, FILTERS)}))


def data(of: Graph) -> bytes:
    return write(as_vector(of), annotated(of, {"out": (-9.0, 9.0)}, 8), "int8", manifest("int8"))


# Width of the kernel, padding: TensorFlow's SAME, PyTorch's 1 on all sides, others; and an odd number of results.
@pytest.mark.parametrize("fused", [Fused.NONE, Fused.RELU6])
@pytest.mark.parametrize(
    ("width", "padding", "on_quads"),
    [
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
    ],
)
def test_the_integers_are_the_same(
    width: int, padding: Padding, on_quads: bool, fused: Fused, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = graph(conv(width, padding, fused=fused))
    quads = data(of)
    monkeypatch.setattr(forms, "in_quads", lambda *_: None)
    plain = data(of)
    assert (len(quads) != len(plain)) == on_quads
    found = Loaded(quads).run(pictures())
    np.testing.assert_array_equal(found, Loaded(plain).run(pictures()))
    assert len(np.unique(found)) > 20


def test_nothing_moves_the_integers_around_it(tmp_path: Path) -> None:
    """`as_vector` has a Transpose of its own; the picture's two, and those around the convolution, are gone."""
    of = graph(conv())
    found = kernels(data(of), tmp_path)
    assert found["QLinearConv"] == 1
    assert found["Transpose"] == 0
    assert not {"QuantizeLinear", "Conv"} & set(found)


def test_what_a_step_reads_and_makes() -> None:
    node = conv()
    of = graph(node)
    annotation = annotated(of, {"out": (-9.0, 9.0)}, 8)
    found = in_quads(node, annotation.weights["node"], of.shapes["x"], of.shapes["out"])
    assert found is not None
    assert found.read == (1, ROWS, COLUMNS // 4, 4 * CHANNELS)
    assert found.written == (1, 5, COLUMNS // 4, 2 * FILTERS)
    assert found.node.strides == (2, 1)
    assert found.node.kernel.shape == found.weights.kernel.shape == (3, 2, 4 * CHANNELS, 2 * FILTERS)
    assert np.count_nonzero(found.node.kernel) == 2 * np.count_nonzero(node.kernel)


@pytest.mark.parametrize(
    "node",
    [conv(strides=(2, 1)), conv(channels=4), conv(dilation=(1, 2), padding=((1, 1), (2, 2)))],
    ids=["stride 1", "four channels", "dilation"],
)
def test_others_are_left(node: Conv) -> None:
    channels = node.kernel.shape[2]
    weights = annotated(graph(conv()), {"out": (-9.0, 9.0)}, 8).weights["node"]
    assert in_quads(node, weights, (1, ROWS, COLUMNS, channels), (1, 5, COLUMNS // 2, FILTERS)) is None


def test_columns_that_are_no_quads_are_left() -> None:
    weights = annotated(graph(conv()), {"out": (-9.0, 9.0)}, 8).weights["node"]
    assert in_quads(conv(), weights, (1, ROWS, 10, CHANNELS), (1, 5, 5, FILTERS)) is None
