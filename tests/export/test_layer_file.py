from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fv_edge_runtime.session import Quantization
from fv_export.graph import Graph
from fv_export.layer_file import FileTensor, file_tensors, partners
from fv_export.schemes import Pair
from tests.export import separable, spoiled
from tests.export.small_graphs import conv, graph

TOLERANCE = 1e-6


def small() -> Graph:
    return graph(conv("a", "image", (3, 4)), conv("b", "a", (4, 5)), conv("c", "b", (5, 6)))


def shapes_of(found: Graph, **names: str) -> dict[str, list[int]]:
    return {name: list(found.shapes[tensor]) for name, tensor in names.items()}


def test_our_names_are_matched_exactly() -> None:
    net = small()
    shapes = {"a": list(net.shapes["a"]), "b/stored": list(net.shapes["b"]), "b": list(net.shapes["b"]), "out": []}
    assert partners(net, shapes, "out", ours=True) == {"a": "a", "b": "b/stored", "c": "out"}


def test_channels_may_stand_first_and_other_sizes_are_no_partner() -> None:
    net = small()
    _, rows, columns, channels = net.shapes["a"]
    assert partners(net, {"a": [1, channels, rows, columns]}, "out", ours=True)["a"] == "a"
    assert "a" not in partners(net, {"a": [1, rows, columns, channels + 1]}, "out", ours=True)
    assert "a" not in partners(net, {"a": []}, "out", ours=True)


def test_the_first_part_of_a_strangers_name_names_the_layer() -> None:
    net = small()
    shapes = {
        "functional_1/a_1/convolution;functional_1/b_1/bias": list(net.shapes["a"]),
        "functional_1/relu/Relu;functional_1/b_1/convolution": list(net.shapes["b"]),
    }
    found = partners(net, shapes, "out", ours=False)
    assert found == {"a": "functional_1/a_1/convolution;functional_1/b_1/bias", "c": "out"}


def test_integers_become_real_numbers_in_the_graphs_order() -> None:
    stored = np.arange(2 * 3 * 2 * 2, dtype=np.uint8).reshape(2, 3, 2, 2)
    tensor = FileTensor(stored, Quantization(0.5, 4), channels_first=True)
    real = tensor.real(1, 2, (2, 2, 3))
    assert real.shape == (1, 2, 2, 3)
    assert real[0, 0, 1, 2] == 0.5 * (float(stored[1, 2, 0, 1]) - 4)
    assert tensor.limits == (-2.0, 125.5)
    assert FileTensor(stored.astype(np.float32), None, channels_first=False).limits is None


@pytest.mark.parametrize("pair", [Pair("tflite", "fp32"), Pair("onnx", "fp32")], ids=str)
def test_a_float_file_has_the_values_of_the_graph(pair: Pair, tmp_path: Path) -> None:
    from fv_export import execute
    from fv_export.from_keras import graph_of
    from fv_export.rewriting import rewrite
    from fv_export.rules import rewrites_for
    from fv_export.source import open_source

    full = spoiled.saved(tmp_path)
    source = open_source(full, None, None, None)
    inputs, _ = separable.pictures(3, first_seed=10)
    plain = graph_of(source.model, source.name, source.input_range)
    net = rewrite(plain, rewrites_for(pair.format, pair.scheme), inputs).graph
    wanted = execute.run(net, inputs.astype(np.float32), list(net.shapes))
    with file_tensors(spoiled.write(full, tmp_path, pair), net, inputs, None, ours=True) as found:
        assert set(found.tensors) | {net.input} == set(net.shapes)
        for name, tensor in found.tensors.items():
            real = tensor.real(0, 3, net.shapes[name][1:])
            scale = float(np.abs(wanted[name]).max())
            np.testing.assert_allclose(real, wanted[name], atol=1e-5 * scale + TOLERANCE)
