"""The picture as rows of one channel: the sums of the plain convolution, and no Transpose; left where it cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_export.graph import Affine, Conv, Graph, Padding
from fv_export.write import onnx as writer
from fv_export.write._onnx_rows import on_rows
from fv_export.write.onnx import write
from tests.export.write.onnx_files import Loaded, as_vector, kernels, operators
from tests.export.write.tflite_cases import Case, annotated, graph_of, manifest, pictures

ROWS, COLUMNS, CHANNELS, FILTERS = 9, 8, 3, 5


def graph(
    padding: Padding = ((1, 1), (0, 1)),
    strides: tuple[int, int] = (2, 2),
    shift: tuple[float, ...] = (-127.5,) * CHANNELS,
    dilation: tuple[int, int] = (1, 1),
) -> Graph:
    """A shift of the picture and a convolution."""
    random = np.random.default_rng(4)
    move = Affine(
        name="move", inputs=("x",), output="moved", scale=np.full(CHANNELS, 0.01, np.float32),
        shift=np.array(shift, np.float32),
    )  # fmt: skip
    conv = Conv(
        name="node", inputs=("moved",), output="out", strides=strides, padding=padding, dilation=dilation,
        kernel=random.normal(0, 0.5, (3, 3, CHANNELS, FILTERS)).astype(np.float32),
        bias=random.normal(0, 0.5, FILTERS).astype(np.float32),
    )  # fmt: skip
    reach = [1 + 2 * step for step in dilation]
    rows, columns = (((ROWS, COLUMNS)[axis] + sum(padding[axis]) - reach[axis]) // strides[axis] + 1 for axis in (0, 1))
    shapes = {"moved": (1, ROWS, COLUMNS, CHANNELS), "out": (1, rows, columns, FILTERS)}
    return as_vector(graph_of(Case((move, conv), shapes)))


@pytest.mark.parametrize("padding", [((1, 1), (0, 1)), ((0, 0), (0, 0)), ((2, 1), (1, 2))])
@pytest.mark.parametrize("strides", [(2, 2), (1, 1), (1, 3)])
@pytest.mark.parametrize("scheme", ["fp32", "fp16", "dynamic"])
def test_the_sums_are_the_same(
    padding: Padding, strides: tuple[int, int], scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = graph(padding, strides)
    annotation = annotated(of, {"moved": (-9.0, 9.0), "out": (-9.0, 9.0)}, 8) if scheme == "dynamic" else None
    rows = write(of, annotation, scheme, manifest(scheme))
    monkeypatch.setattr(writer, "on_rows", lambda *both: both)
    plain = write(of, annotation, scheme, manifest(scheme))
    assert operators(plain)["Transpose"] == operators(rows)["Transpose"] + 1
    expected = Loaded(plain).run(pictures())
    np.testing.assert_allclose(Loaded(rows).run(pictures()), expected, atol=1e-5 * np.abs(expected).max())


def test_the_picture_is_not_turned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = graph()
    assert kernels(write(of, None, "fp32", manifest("fp32")), tmp_path)["Transpose"] == 0
    monkeypatch.setattr(writer, "on_rows", lambda *both: both)
    assert kernels(write(of, None, "fp32", manifest("fp32")), tmp_path)["Transpose"] == 1


@pytest.mark.parametrize(
    "of", [graph(shift=(-127.0, -128.0, -127.5)), graph(dilation=(1, 2))], ids=["channels differ", "dilation"]
)
def test_others_are_left(of: Graph) -> None:
    assert on_rows(of, {})[0] is of


def test_a_picture_that_something_else_reads_too_is_left() -> None:
    of = graph()
    other = Affine(
        name="other", inputs=("x",), output="other", scale=np.ones(3, np.float32), shift=np.zeros(3, np.float32)
    )
    more = replace(of, nodes=(*of.nodes, other), shapes=of.shapes | {"other": of.shapes["x"]})
    assert on_rows(more, {})[0] is more
