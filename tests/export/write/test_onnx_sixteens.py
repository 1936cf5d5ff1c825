"""Depthwise convolutions on sixteens of channels: the integers of the plain ones, by the fast kernel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from keras import layers
from numpy.typing import NDArray

from fv_core.progress import Silent
from fv_export.from_keras import graph_of
from fv_export.graph import Annotation, Concat, DepthwiseConv, Graph
from fv_export.mixed.keep import without_integers
from fv_export.schemes import Pair
from fv_export.variants import FromGraph
from fv_export.write import onnx as writer
from fv_export.write._onnx_sixteens import in_sixteens, in_whole_sixteens
from fv_export.write.onnx import write
from tests.export.write.onnx_files import Loaded
from tests.export.write.tflite_cases import manifest

SIZE = 16
WIDTH = 24


def pictures(n: int, seed: int) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(SIZE // 4, axis=1).repeat(SIZE // 4, axis=2)


def network(width: int = WIDTH, *, flat: bool = False) -> keras.Model:
    """A depthwise layer between hard-swishes, a sum, scales and shifts of its own, pools, a gate and a float island."""
    keras.utils.set_random_seed(3)
    image = keras.Input((SIZE, SIZE, 3))
    stem = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(layers.Rescaling(1 / 127.5, -1)(image))
    wide = layers.Activation("hard_silu")(layers.Conv2D(width, 1)(stem))
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(layers.MaxPooling2D(3, 1, "same")(wide))
    x = layers.Activation("hard_silu")(layers.DepthwiseConv2D(3, strides=2)(x))
    x = layers.Rescaling(0.5, 0.25)(layers.Add()([x, layers.AveragePooling2D(2, 2)(wide)]))
    # Behind the sum nothing takes it in, so it stays a scale and a shift by channel.
    x = layers.ReLU(6.0)(layers.BatchNormalization(beta_initializer="random_normal")(layers.Activation("tanh")(x)))
    gate = layers.Dense(8, activation="relu")(layers.GlobalAveragePooling2D()(x))
    gate = layers.Reshape((1, 1, width))(layers.Dense(width, activation="hard_sigmoid")(gate))
    x = layers.Multiply()([x, gate])
    x = layers.Flatten()(x) if flat else layers.GlobalAveragePooling2D()(layers.Conv2D(16, 1, activation="relu")(x))
    return keras.Model(image, layers.Dense(5, activation="softmax")(x))


def quantized(model: keras.Model) -> tuple[Graph, Annotation]:
    files = FromGraph(graph_of(model, "net"), pictures(2, 1), pictures(16, 2), "minmax", Silent())
    found = files.quantized(Pair("onnx", "int8"))
    assert found.annotation is not None
    return found.graph, found.annotation


def depthwise_widths(data: bytes) -> list[int]:
    """Channels of the file's depthwise convolutions."""
    groups = [
        attribute.i
        for node in onnx.load_from_string(data).graph.node
        if node.op_type == "Conv"
        for attribute in node.attribute
        if attribute.name == "group" and attribute.i > 1
    ]
    return sorted(set(groups))


def test_the_answers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, annotation = quantized(network())
    wide = write(graph, annotation, "int8", manifest("int8"))
    monkeypatch.setattr(writer, "in_sixteens", lambda *both: both)
    plain = write(graph, annotation, "int8", manifest("int8"))
    assert depthwise_widths(wide) == [32]
    assert depthwise_widths(plain) == [WIDTH]
    batch = pictures(32, 5)
    found = Loaded(wide).run(batch)
    np.testing.assert_array_equal(found, Loaded(plain).run(batch))
    assert len(np.unique(found)) > 50


def test_the_graph_is_sound_and_only_zeros_came_in() -> None:
    graph, annotation = quantized(network())
    wide, widened = in_sixteens(graph, annotation)
    wide.check()
    kinds = {type(node).__name__ for node in wide.nodes if wide.shapes[node.output][-1] == 32}
    assert kinds == {
        "Conv", "Dense", "DepthwiseConv", "Activation", "Affine", "Add", "Mean", "Mul", "Pool", "Reshape",
    }  # fmt: skip
    assert {shape[-1] for shape in wide.shapes.values()} >= {32, 16, 8}
    for name, weights in annotation.weights.items():
        assert np.count_nonzero(widened.weights[name].kernel) == np.count_nonzero(weights.kernel)
        assert np.count_nonzero(widened.weights[name].bias) == np.count_nonzero(weights.bias)
        scales = widened.weights[name].kernel_scale.scale
        np.testing.assert_array_equal(scales[: weights.kernel_scale.scale.size], weights.kernel_scale.scale)
        assert scales.min() > 0


@pytest.mark.parametrize("width", [32, 8, 40])
def test_whole_sixteens_and_too_many_zeros(width: int) -> None:
    """32 is whole; 8 would be doubled, which costs more than it gains; 40 is a fifth more."""
    graph, annotation = quantized(network(width))
    wide, _ = in_sixteens(graph, annotation)
    (found,) = {wide.shapes[node.output][-1] for node in wide.nodes if isinstance(node, DepthwiseConv)}
    assert found == {32: 32, 8: 8, 40: 48}[width]


def test_channels_that_something_else_reads_stay() -> None:
    graph, annotation = quantized(network(flat=True))
    assert in_sixteens(graph, annotation)[0] is graph


def test_a_concatenation_needs_its_channels_as_they_are() -> None:
    graph, annotation = quantized(network())
    (layer,) = (node for node in graph.nodes if isinstance(node, DepthwiseConv))
    both = Concat(name="both", inputs=(layer.output, layer.output), output="both")
    place = graph.nodes.index(layer) + 1
    shape = (*graph.shapes[layer.output][:-1], 2 * WIDTH)
    more = replace(
        graph, nodes=(*graph.nodes[:place], both, *graph.nodes[place:]), shapes=graph.shapes | {"both": shape}
    )
    assert in_sixteens(more, annotation)[0] is more


def test_a_layer_in_float_is_left() -> None:
    graph, annotation = quantized(network())
    (layer,) = (node for node in graph.nodes if isinstance(node, DepthwiseConv))
    assert in_sixteens(graph, without_integers(annotation, {layer.output: "a search"}))[0] is graph


@pytest.mark.parametrize(("kernels", "width"), [(1, 32), (3, WIDTH)])
def test_what_else_gets_wider_must_be_worth_it(kernels: int, width: int) -> None:
    """A stream of 24 channels with one depthwise layer, and kernels of 3 x 3 from 24 to 24 that would grow with it."""
    keras.utils.set_random_seed(3)
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(WIDTH, 3, padding="same")(layers.Rescaling(1 / 127.5, -1)(image))
    x = layers.DepthwiseConv2D(5, padding="same")(x)
    for _ in range(kernels):
        x = layers.Add()([x, layers.Conv2D(WIDTH, 3, padding="same", activation="relu")(x)])
    model = keras.Model(image, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    graph, annotation = quantized(model)
    wide, _ = in_sixteens(graph, annotation)
    (layer,) = (node for node in wide.nodes if isinstance(node, DepthwiseConv))
    assert wide.shapes[layer.output][-1] == width


def test_whole_sixteens() -> None:
    assert [in_whole_sixteens(channels) for channels in (1, 16, 72, 960)] == [16, 16, 80, 960]


def test_the_layer_report_sees_the_real_channels(tmp_path: Path) -> None:
    from fv_export import execute
    from fv_export.layer_file import file_tensors

    graph, annotation = quantized(network())
    path = tmp_path / "net_int8.onnx"
    path.write_bytes(write(graph, annotation, "int8", manifest("int8")))
    batch = pictures(4, 9)
    wanted = execute.run(graph, batch.astype(np.float32), list(graph.shapes))
    with file_tensors(path, graph, batch, None, ours=True) as found:
        (layer,) = (node for node in graph.nodes if isinstance(node, DepthwiseConv))
        assert layer.output in found.tensors
        for name, tensor in found.tensors.items():
            real = tensor.real(0, 4, graph.shapes[name][1:])
            # Eight bits after eight bits; other channels or places are further apart.
            assert np.abs(real - wanted[name]).mean() < 0.05 * np.abs(wanted[name]).max(), name
