"""Whole networks, from Keras to the file: answers, kernels, and the simulation of the same annotation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray

from fv_core.progress import Silent
from fv_export import execute, simulate
from fv_export.from_keras import graph_of
from fv_export.schemes import Pair
from fv_export.variants import FromGraph
from tests.export.write.onnx_files import Loaded, kernels, operators
from tests.export.write.tflite_cases import manifest

SIZE, CLASSES = 32, 10
# Probabilities (`fv_export.schemes`).
FP32 = 1e-4
FP16 = 1e-2
# File and simulation round products of several steps differently, by a step here and there: of the logits' spread.
SIMULATED = 0.05
ACTIVATIONS: dict[str, Callable[[], layers.Layer]] = {
    "relu6": lambda: layers.ReLU(6.0),
    "hard_silu": lambda: layers.Activation("hard_silu"),
    "silu": lambda: layers.Activation("silu"),
}
GATES = {"relu6": "hard_sigmoid", "hard_silu": "hard_sigmoid", "silu": "sigmoid"}


def _network(name: str) -> keras.Model:
    """A stem, two blocks with squeeze-and-excite, the second with a residual addition, and a head."""
    keras.utils.set_random_seed(11)
    activation = ACTIVATIONS[name]
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 127.5, -1.0)(image)
    x = activation()(_norm(layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(x)))
    x = _block(x, 24, 2, name)
    x = layers.Add()([x, _block(x, 24, 1, name)])
    x = activation()(_norm(layers.Conv2D(48, 1)(x)))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(CLASSES, activation="softmax", kernel_initializer="he_normal")(x))
    # Believable statistics: with momentum 0 those of one batch are taken as they are.
    model(_pictures(32, seed=1).astype(np.float32), training=True)
    return model


def _block(x: keras.KerasTensor, width: int, strides: int, name: str) -> keras.KerasTensor:
    activation = ACTIVATIONS[name]
    x = activation()(_norm(layers.Conv2D(2 * width, 1)(x)))
    x = activation()(_norm(layers.DepthwiseConv2D(3, strides=strides, padding="same")(x)))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(8, 1, activation="relu")(gate)
    gate = layers.Conv2D(2 * width, 1, activation=GATES[name])(gate)
    return _norm(layers.Conv2D(width, 1)(layers.Multiply()([x, gate])))


def _norm(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=0.0)(x)


def _pictures(n: int, seed: int) -> NDArray[np.uint8]:
    """Smooth pictures: a coarse random grid, enlarged."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(SIZE // 4, axis=1).repeat(SIZE // 4, axis=2)


@pytest.fixture(scope="module", params=list(ACTIVATIONS))
def network(request: pytest.FixtureRequest) -> tuple[keras.Model, FromGraph]:
    model = _network(request.param)
    graph = graph_of(model, request.param)
    return model, FromGraph(graph, _pictures(2, seed=2), _pictures(32, seed=3), "minmax", Silent())


def _data(variants: FromGraph, scheme: str) -> bytes:
    return variants.get(Pair("onnx", scheme)).write(manifest(scheme))


@pytest.mark.parametrize(("scheme", "tolerance"), [("fp32", FP32), ("fp16", FP16)])
def test_float_files_answer_as_keras(network: tuple[keras.Model, FromGraph], scheme: str, tolerance: float) -> None:
    model, variants = network
    batch = _pictures(16, seed=4)
    data = _data(variants, scheme)
    expected = np.asarray(model(batch.astype(np.float32)))
    assert np.abs(Loaded(data).run(batch) - expected).max() < tolerance
    assert operators(data)["Transpose"] == 0


def test_float_leaves_nothing_around_the_convolutions(network: tuple[keras.Model, FromGraph], tmp_path: Path) -> None:
    found = kernels(_data(network[1], "fp32"), tmp_path)
    assert not {"BatchNormalization", "HardSwish", "HardSigmoid", "Relu", "Clip"} & set(found)
    assert found["Transpose"] == 0


def test_int8_is_integers_throughout(network: tuple[keras.Model, FromGraph], tmp_path: Path) -> None:
    data = _data(network[1], "int8")
    found = kernels(data, tmp_path)
    # Reshape: the rows of the picture, which are not moved; Transpose: the one pixel behind the mean.
    assert found["Transpose"] <= 1
    assert set(found) <= {
        "Transpose", "Reshape", "Flatten", "QLinearConv", "QLinearAdd", "QLinearMul", "QLinearSigmoid",
        "QLinearGlobalAveragePool", "QGemm", "DequantizeLinear", "Softmax",
    }  # fmt: skip
    assert found["DequantizeLinear"] == found["Softmax"] == 1
    assert network[1].get(Pair("onnx", "int8")).float_tensors == ()


def test_int8_answers_as_its_simulation(network: tuple[keras.Model, FromGraph]) -> None:
    quantized, batch = network[1].quantized(Pair("onnx", "int8")), _pictures(64, seed=5)
    assert quantized.annotation is not None
    graph = quantized.graph
    answers = _logits(Loaded(_data(network[1], "int8")).run(batch))
    floats = batch.astype(np.float32)
    simulated = _logits(simulate.run(graph, quantized.annotation, floats, file_format="onnx")[graph.output])
    exact = _logits(execute.run(graph, floats)[graph.output])
    error = np.sqrt(np.mean((answers - simulated) ** 2)) / exact.std()
    assert error < SIMULATED
    # Quantization itself is visible, and not larger than what eight bits explain.
    assert error < np.sqrt(np.mean((answers - exact) ** 2)) / exact.std() < 4 * SIMULATED


def _logits(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    logs = np.log(probabilities + 1e-9)
    return np.asarray(logs - logs.mean(axis=1, keepdims=True), np.float32)


def test_dynamic_agrees_with_keras(network: tuple[keras.Model, FromGraph]) -> None:
    model, variants = network
    batch = _pictures(32, seed=6)
    data = _data(variants, "dynamic")
    expected = np.asarray(model(batch.astype(np.float32)))
    assert operators(data)["MatMulInteger"] == 1
    assert (Loaded(data).run(batch).argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.9
