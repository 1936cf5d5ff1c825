from __future__ import annotations

from pathlib import Path

import numpy as np

from fv_edge_runtime.precision import Precision
from fv_edge_runtime.scales import Product
from fv_edge_runtime.tflite_file import TfliteFile, read_tflite
from fv_edge_runtime.tflite_precision import precisions, products, scaled_tensors
from tests.edge_runtime.tiny_models import Model, Tensor

KERNEL = np.ones((2, 3), np.int8)


def dense(activations: str, weights: Tensor, *, scale: tuple[float, ...] = ()) -> Model:
    zero = (0,) * len(scale)
    tensors = [Tensor("x", (1, 3), activations, None, scale, zero), weights]
    tensors.append(Tensor("y", (1, 2), activations, None, scale, zero))
    return Model(tensors, [("FULLY_CONNECTED", [0, 1], [2])], [0], [2])


def read(model: Model, folder: Path) -> TfliteFile:
    (folder / "m.tflite").write_bytes(model.to_bytes())
    return read_tflite(folder / "m.tflite")


def test_an_integer_layer_with_its_scales(tmp_path: Path) -> None:
    weights = Tensor("w", (2, 3), "int8", KERNEL, (0.5, 0.25), (0, 0))
    model = read(dense("int8", weights, scale=(2.0,)), tmp_path)
    assert list(precisions(model)) == [Precision("int8", "int8")]
    assert list(products(model)) == [Product("y", 2.0, (0.5, 0.25), 2.0)]
    found = {tensor.name: tensor for tensor in scaled_tensors(model)}
    assert (found["w"].axis, found["w"].is_constant, found["w"].scales) == (0, True, (0.5, 0.25))
    assert (found["x"].axis, found["x"].is_constant) == (None, False)


def test_a_hybrid_layer(tmp_path: Path) -> None:
    model = read(dense("float32", Tensor("w", (2, 3), "int8", KERNEL, (0.5,), (0,))), tmp_path)
    assert list(precisions(model)) == [Precision("int8", "float32")]
    assert list(products(model)) == []


def test_the_type_of_weights_is_that_of_the_constant_behind_dequantize(tmp_path: Path) -> None:
    model = dense("float32", Tensor("w", (2, 3)))
    model.tensors.append(Tensor("half", (2, 3), "float16", KERNEL.astype(np.float16)))
    model.operators.insert(0, ("DEQUANTIZE", [3], [1]))
    assert list(precisions(read(model, tmp_path))) == [Precision("float16", "float32")]


def test_a_product_of_two_activations_has_no_weights(tmp_path: Path) -> None:
    assert list(precisions(read(dense("float32", Tensor("w", (2, 3))), tmp_path))) == []
