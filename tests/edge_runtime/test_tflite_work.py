"""Multiply-adds against figures that are counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fv_edge_runtime.tflite_file import TfliteFile, read_tflite
from fv_edge_runtime.tflite_work import layers_of
from tests.edge_runtime.tiny_models import Model, Tensor, float_model


def weighted(operator: str, kernel: tuple[int, ...], given: tuple[int, ...], written: tuple[int, ...]) -> Model:
    return Model(
        [
            Tensor("x", given),
            Tensor("w", kernel, data=np.zeros(kernel, np.float32)),
            Tensor("b", (kernel[0],), data=np.zeros(kernel[0], np.float32)),
            Tensor("y", written),
        ],
        [(operator, [0, 1, 2], [3])],
        [0],
        [3],
    )


def read(model: Model, folder: Path) -> TfliteFile:
    (folder / "m.tflite").write_bytes(model.to_bytes())
    return read_tflite(folder / "m.tflite")


@pytest.mark.parametrize(
    ("operator", "kernel", "given", "written", "wanted"),
    [
        # 4 x 4 positions, 6 filters of 3 x 3 x 2.
        ("CONV_2D", (6, 3, 3, 2), (1, 4, 4, 2), (1, 4, 4, 6), 4 * 4 * 6 * 3 * 3 * 2),
        # Two groups: the kernel holds half of the channels.
        ("CONV_2D", (6, 3, 3, 1), (1, 4, 4, 2), (1, 4, 4, 6), 4 * 4 * 6 * 3 * 3),
        ("DEPTHWISE_CONV_2D", (1, 5, 5, 8), (1, 4, 4, 8), (1, 2, 2, 8), 2 * 2 * 8 * 25),
        ("FULLY_CONNECTED", (10, 64), (1, 64), (1, 10), 640),
        ("ADD", (1, 4), (1, 4), (1, 4), 0),
    ],
)
def test_multiply_adds(
    operator: str,
    kernel: tuple[int, ...],
    given: tuple[int, ...],
    written: tuple[int, ...],
    wanted: int,
    tmp_path: Path,
) -> None:
    (layer,) = layers_of(read(weighted(operator, kernel, given, written), tmp_path))
    assert (layer.name, layer.operator, layer.shape, layer.dtype) == ("y", operator, written, "float32")
    assert layer.multiply_adds == wanted
    assert layer.weight_bytes == 4 * (int(np.prod(kernel)) + kernel[0])
    assert layer.result_bytes == 4 * int(np.prod(written))


def test_a_transposed_convolution_works_on_what_it_reads(tmp_path: Path) -> None:
    model = weighted("TRANSPOSE_CONV", (6, 3, 3, 2), (1, 4, 4, 2), (1, 8, 8, 6))
    model.operators = [("TRANSPOSE_CONV", [2, 1, 0], [3])]
    (layer,) = layers_of(read(model, tmp_path))
    assert layer.multiply_adds == 4 * 4 * 2 * 6 * 3 * 3


@pytest.mark.parametrize("adjoint", [False, True])
def test_a_product_of_matrices(adjoint: bool, tmp_path: Path) -> None:
    from ai_edge_litert import schema_py_generated as s

    options: Any = s.BatchMatMulOptionsT()
    options.adjX = adjoint
    given = (1, 7, 5) if adjoint else (1, 5, 7)
    tensors = [Tensor("x", given), Tensor("y", (1, 7, 3)), Tensor("z", (1, 5, 3))]
    model = Model(tensors, [("BATCH_MATMUL", [0, 1], [2])], [0, 1], [2])
    model.options = {0: (s.BuiltinOptions.BatchMatMulOptions, options)}
    (layer,) = layers_of(read(model, tmp_path))
    assert layer.multiply_adds == 5 * 3 * 7


@pytest.mark.parametrize("operator", ["CUSTOM:Mystery", "WHILE", "UNIDIRECTIONAL_SEQUENCE_LSTM"])
def test_what_is_not_known_is_not_guessed(operator: str, tmp_path: Path) -> None:
    (layer,) = layers_of(read(weighted(operator, (1, 4), (1, 4), (1, 4)), tmp_path))
    assert layer.multiply_adds is None


def test_a_kernel_without_channels_is_not_known(tmp_path: Path) -> None:
    (layer,) = layers_of(read(weighted("CONV_2D", (0, 3, 3, 2), (1, 4, 4, 2), (1, 4, 4, 6)), tmp_path))
    assert layer.multiply_adds is None


def test_weights_that_are_unpacked_at_loading_count_for_their_layer(tmp_path: Path) -> None:
    model = weighted("FULLY_CONNECTED", (10, 64), (1, 64), (1, 10))
    model.tensors.append(Tensor("half", (10, 64), "float16", np.zeros((10, 64), np.float16)))
    model.tensors[1] = Tensor("w", (10, 64))
    model.operators.insert(0, ("DEQUANTIZE", [4], [1]))
    (layer,) = layers_of(read(model, tmp_path))
    assert layer.weight_bytes == 10 * 64 * 2 + 10 * 4


def test_a_model_without_weights_has_layers_all_the_same(tmp_path: Path) -> None:
    found = list(layers_of(read(float_model(), tmp_path)))
    assert [(layer.operator, layer.multiply_adds) for layer in found] == [("MEAN", 0), ("SOFTMAX", 0)]
