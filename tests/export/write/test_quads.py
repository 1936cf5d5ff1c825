"""Convolutions on quads of columns: the integers of the plain ones in both formats; left where they do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fv_export.graph import Conv, Fused, Graph, Padding
from fv_export.write import _onnx_integer_forms as forms
from fv_export.write import tflite
from fv_export.write.onnx import write
from fv_export.write.quads import PAIRS, QUADS, in_quads
from fv_export.write.tflite import nodes
from tests.export.write import onnx_files
from tests.export.write.quads_cases import CHANNELS, COLUMNS, FILTERS, PADDINGS, ROWS, conv, graph
from tests.export.write.tflite_cases import Loaded, annotated, manifest, pictures

RANGES = {"out": (-9.0, 9.0)}


def onnx_file(of: Graph) -> bytes:
    return write(onnx_files.as_vector(of), annotated(of, RANGES, 8), "int8", manifest("int8"))


def tflite_file(of: Graph) -> bytes:
    return tflite.write(of, annotated(of, RANGES, 8), "int8", manifest("int8"))


def answers(data: bytes, *, delegate: bool = True) -> NDArray[np.float32]:
    return Loaded(data, delegate=delegate).run(pictures())


@pytest.mark.parametrize("fused", [Fused.NONE, Fused.RELU6])
@pytest.mark.parametrize(("width", "padding", "at_once", "_"), PADDINGS)
def test_onnx_integers_are_the_same(
    width: int, padding: Padding, at_once: int, _: int, fused: Fused, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = graph(conv(width, padding, fused=fused))
    quads = onnx_file(of)
    monkeypatch.setattr(forms, "in_quads", lambda *_: None)
    plain = onnx_file(of)
    assert (len(quads) != len(plain)) == (at_once > 1)
    found = onnx_files.Loaded(quads).run(pictures())
    np.testing.assert_array_equal(found, onnx_files.Loaded(plain).run(pictures()))
    assert len(np.unique(found)) > 20


@pytest.mark.parametrize("delegate", [True, False])
@pytest.mark.parametrize("fused", [Fused.NONE, Fused.RELU6])
@pytest.mark.parametrize(("width", "padding", "_", "at_once"), PADDINGS)
def test_tflite_integers_are_the_same(
    width: int, padding: Padding, _: int, at_once: int, fused: Fused, delegate: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = graph(conv(width, padding, fused=fused))
    quads = tflite_file(of)
    monkeypatch.setattr(nodes, "in_quads", lambda *_: None)
    plain = tflite_file(of)
    # Pairs are read through one, quads are taken apart by another.
    reshapes = {1: 0, PAIRS: 1, QUADS: 2}[at_once]
    assert Loaded(quads, delegate=False).operators().count("RESHAPE") == reshapes
    assert "RESHAPE" not in Loaded(plain, delegate=False).operators()
    found = answers(quads, delegate=delegate)
    np.testing.assert_array_equal(found, answers(plain, delegate=delegate))
    assert len(np.unique(found)) > 20


def test_nothing_moves_the_integers_around_it_in_onnxruntime(tmp_path: Path) -> None:
    found = onnx_files.kernels(onnx_file(graph(conv())), tmp_path)
    assert found["QLinearConv"] == 1
    assert found["Transpose"] == 0
    assert not {"QuantizeLinear", "Conv"} & set(found)


def test_what_a_step_reads_and_makes() -> None:
    node = conv()
    of = graph(node)
    found = in_quads(node, annotated(of, RANGES, 8).weights["node"], of.shapes["x"], of.shapes["out"])
    assert found is not None
    assert found.read == (1, ROWS, COLUMNS // 4, 4 * CHANNELS)
    assert found.written == (1, 5, COLUMNS // 4, 2 * FILTERS)
    assert found.node.strides == (2, 1)
    assert found.node.kernel.shape == found.weights.kernel.shape == (3, 2, 4 * CHANNELS, 2 * FILTERS)
    assert found.weights.kernel.dtype == np.int8
    assert np.count_nonzero(found.node.kernel) == 2 * np.count_nonzero(node.kernel)


@pytest.mark.parametrize(
    ("node", "columns"),
    [
        (conv(strides=(2, 1)), COLUMNS),
        (conv(channels=4), COLUMNS),
        (conv(dilation=(1, 2), padding=((1, 1), (2, 2))), COLUMNS),
        (conv(), 10),
    ],
    ids=["stride 1", "four channels", "dilation", "no quads"],
)
def test_where_it_cannot_be_or_saves_nothing_the_convolution_stays(node: Conv, columns: int) -> None:
    weights = annotated(graph(conv()), RANGES, 8).weights["node"]
    assert in_quads(conv(), weights, (1, ROWS, COLUMNS, CHANNELS), (1, 5, COLUMNS // 2, FILTERS)) is not None
    read = (1, ROWS, columns, node.kernel.shape[2])
    assert in_quads(node, weights, read, (1, 5, columns // 2 + columns // 2 % 2, FILTERS)) is None


@pytest.mark.parametrize(("scheme", "bits"), [("fp32", 0), ("dynamic", 8), ("int16x8", 16)])
def test_only_8_bit_kernels_are_padded_and_so_only_they_read_quads(scheme: str, bits: int) -> None:
    of = graph(conv())
    data = tflite.write(of, annotated(of, RANGES, bits) if bits else None, scheme, manifest(scheme))
    assert "RESHAPE" not in Loaded(data, delegate=False).operators()
