"""Keras models of every layer in the table answer the same after conversion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from fv_core.errors import FvError
from fv_export import execute
from fv_export.errors import UnsupportedLayer, UnsupportedModel
from fv_export.from_keras import graph_of, supported_layers
from fv_export.graph import Add, Affine
from tests.export.small_graphs import kinds, pictures

# Sums of float32 over at most a few hundred terms, on probabilities.
TOLERANCE = 1e-5
# Eighty layers with random weights amplify rounding; this is what float files are held to.
NETWORK_TOLERANCE = 1e-4
SIDE = 16


def model_of(body: Callable[[Any], Any], classes: int = 4) -> keras.Model:
    """A classifier: pixels to about +-1, `body`, a mean, a dense softmax; all weights random, BatchNorm's too."""
    keras.utils.set_random_seed(3)
    image = keras.Input((SIDE, SIDE, 3))
    x = body(layers.Rescaling(1 / 127.5, offset=-1)(image))
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(classes, activation="softmax")(x))
    rng = np.random.default_rng(4)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            size = layer.moving_mean.shape
            layer.gamma.assign(rng.uniform(0.5, 2, size))
            layer.beta.assign(rng.normal(size=size))
            layer.moving_mean.assign(rng.normal(size=size))
            layer.moving_variance.assign(rng.uniform(0.2, 3, size))
    return model


def assert_converts(model: keras.Model) -> None:
    batch = pictures(4, SIDE)
    graph = graph_of(model, "test")
    expected = model.predict(batch, verbose=0)
    assert np.ptp(expected, axis=0).max() > 1e-3, "the pictures are not told apart, so nothing would be proved"
    np.testing.assert_allclose(execute.run(graph, batch)[graph.output], expected, rtol=0, atol=TOLERANCE)


def _gate(x: Any) -> Any:
    return layers.Multiply()([x, layers.GlobalAveragePooling2D(keepdims=True)(x)])


def _residual(x: Any) -> Any:
    return layers.Add()([x, layers.Conv2D(3, 3, padding="same")(x), layers.Conv2D(3, 1)(x)])


BODIES: dict[str, Callable[[Any], Any]] = {
    "conv same, stride 2": lambda x: layers.Conv2D(5, 3, strides=2, padding="same", activation="relu")(x),
    "conv valid, dilated, no bias": lambda x: layers.Conv2D(5, 3, dilation_rate=2, use_bias=False)(x),
    "conv with one group a channel": lambda x: layers.Conv2D(6, 3, groups=3, activation="silu")(x),
    "depthwise": lambda x: layers.DepthwiseConv2D(3, depth_multiplier=2, strides=2, padding="same")(x),
    "separable": lambda x: layers.SeparableConv2D(4, 3, depth_multiplier=2, activation="relu6")(x),
    "dense over a map": lambda x: layers.Dense(5, activation="tanh")(x),
    "batch norm": lambda x: layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3)(x))),
    "normalization": lambda x: layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[0.5, 2.0, 1.0])(x),
    "normalization, inverted": lambda x: layers.Normalization(mean=[0.1, 0, 1], variance=[4, 1, 2], invert=True)(x),
    "rescaling by channel": lambda x: layers.Rescaling([1.0, 2.0, 0.5], offset=[0.1, 0.0, -1.0])(x),
    "relu with a ceiling and a slope": lambda x: layers.ReLU(max_value=0.5, negative_slope=0.1)(x),
    "relu with a ceiling": lambda x: layers.ReLU(max_value=0.5)(x),
    "relu6": lambda x: layers.ReLU(max_value=6.0)(layers.Rescaling(9.0)(x)),
    "leaky relu": lambda x: layers.LeakyReLU(negative_slope=0.3)(x),
    "elu": lambda x: layers.ELU(alpha=0.7)(x),
    **{
        f"activation {name}": lambda x, name=name: layers.Activation(name)(layers.Rescaling(4.0)(x))
        for name in ("sigmoid", "hard_sigmoid", "silu", "hard_silu", "tanh", "elu", "gelu", "leaky_relu", "linear")
    },
    "pools": lambda x: layers.AveragePooling2D(3, 2, "same")(layers.MaxPooling2D(3, 2, "same")(x)),
    "global max": lambda x: layers.GlobalMaxPooling2D()(x),
    "global max, kept": lambda x: layers.GlobalMaxPooling2D(keepdims=True)(x),
    "zero padding": lambda x: layers.Conv2D(4, 3, strides=2)(layers.ZeroPadding2D(((0, 1), (2, 1)))(x)),
    "gate": _gate,
    "residual of three": _residual,
    "subtract": lambda x: layers.Subtract()([x, layers.Conv2D(3, 1)(x)]),
    "concatenate": lambda x: layers.Concatenate()([x, layers.Conv2D(5, 1)(x), x]),
    "reshape and flatten": lambda x: layers.Flatten()(layers.Reshape((4, -1, 12))(x)),
    "nothing at inference": lambda x: layers.RandomFlip()(layers.Dropout(0.5)(layers.GaussianNoise(1.0)(x))),
    "operations with constants": lambda x: 0.5 - (x + 3.0) * 0.25 / np.array([1.0, 2.0, 4.0], "float32"),
    "operations with tensors": lambda x: layers.Conv2D(3, 1)(x) - x * layers.Conv2D(3, 1)(x) + x,
    "functions as operations": lambda x: ops.hard_silu(ops.relu6(x * 4.0) - ops.sigmoid(x)),
    "operations that reshape": lambda x: ops.clip(ops.mean(ops.reshape(x, (-1, 8, 32, 3)), axis=(1, 2)), -0.5, 0.5),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_layer_answers_as_in_keras(body: Callable[[Any], Any]) -> None:
    assert_converts(model_of(body))


def test_a_model_inside_a_model_is_read_in_its_place() -> None:
    image = keras.Input((SIDE, SIDE, 3))
    inner = keras.Model(image, layers.Conv2D(4, 3, activation="relu")(image), name="backbone")
    nested = keras.Sequential([layers.Input((SIDE, SIDE, 3)), inner, layers.MaxPooling2D()], name="outer")
    assert_converts(model_of(nested))


def test_a_sequential_model_is_read() -> None:
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [layers.Input((SIDE, SIDE, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(4), layers.Softmax()]
    )
    assert_converts(model)
    assert kinds(graph_of(model, "test")) == ["Affine", "Reshape", "Dense", "Softmax"]


def test_a_layer_that_is_used_twice_is_two_nodes() -> None:
    shared = layers.Conv2D(3, 3, padding="same")
    model = model_of(lambda x: shared(shared(x)))
    assert_converts(model)
    assert kinds(graph_of(model, "test")).count("Conv") == 2


def test_calling_a_layer_again_after_the_model_was_built_changes_nothing() -> None:
    layer = layers.Conv2D(3, 3, padding="same")
    model = model_of(lambda x: layer(x))
    before = kinds(graph_of(model, "test"))
    layer(keras.Input((4, 4, 3)))
    assert kinds(graph_of(model, "test")) == before
    assert_converts(model)


def test_the_input_range_is_a_mapping_at_the_front_and_nothing_for_pixels() -> None:
    model = model_of(lambda x: layers.Conv2D(3, 3)(x))
    batch = pictures(2, SIDE)
    graph = graph_of(model, "test", (-1.0, 1.0))
    first = graph.nodes[0]
    assert isinstance(first, Affine)
    assert first.name == "input_range"
    expected = model.predict(batch / 127.5 - 1.0, verbose=0)
    np.testing.assert_allclose(execute.run(graph, batch)[graph.output], expected, rtol=0, atol=TOLERANCE)
    assert kinds(graph_of(model, "test", (0.0, 255.0))) == kinds(graph_of(model, "test"))


class Custom(layers.Conv2D):
    """A subclass may compute anything."""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (lambda x: layers.Lambda(lambda y: y * 2)(x), "no entry"),
        (lambda x: Custom(3, 1)(x), "no entry"),
        (lambda x: layers.UpSampling2D()(x), "no entry"),
        (lambda x: ops.sin(x), "no entry"),
        (lambda x: layers.Conv2D(6, 3, groups=3)(layers.Conv2D(6, 1)(x)), "3 groups"),
        (lambda x: layers.ReLU(threshold=0.5)(x), "threshold"),
        (lambda x: layers.Activation("softplus")(x), "softplus"),
        (lambda x: layers.Concatenate(axis=1)([x, x]), "only channels"),
        (lambda x: layers.BatchNormalization(axis=1)(x), "over the channels"),
        (lambda x: ops.mean(x, axis=-1, keepdims=True), "rows and columns"),
        (lambda x: 1.0 / (x + 2.0), "division by a constant"),
    ],
)
def test_what_has_no_entry_is_an_error_that_names_the_layer_and_the_way_out(
    body: Callable[[Any], Any], why: str
) -> None:
    with pytest.raises(UnsupportedLayer) as caught:
        graph_of(model_of(body), "test")
    assert why in caught.value.why
    assert "layer '" in caught.value.problem
    assert "--via-converter" in caught.value.hint


class Subclassed(keras.Model):
    """A model with code of its own."""

    def call(self, inputs: Any) -> Any:
        return inputs


def _two_outputs() -> keras.Model:
    image = keras.Input((SIDE, SIDE, 3))
    return keras.Model(image, [image, image])


@pytest.mark.parametrize(
    "model",
    [Subclassed, _two_outputs, lambda: keras.Sequential([layers.Input((None, None, 3)), layers.ReLU()])],
    ids=["subclassed", "two outputs", "no fixed size"],
)
def test_what_is_no_plain_classifier_is_an_error(model: Callable[[], keras.Model]) -> None:
    with pytest.raises(UnsupportedModel) as caught:
        graph_of(model(), "test")
    assert isinstance(caught.value, FvError)
    assert caught.value.why


def test_the_table_can_be_listed() -> None:
    assert {"layers.Conv2D", "layers.Dropout", "ops.Add"} <= set(supported_layers())


def test_names_are_unique_and_plain() -> None:
    def body(x: Any) -> Any:
        return layers.Conv2D(3, 1, activation="relu", name="block: conv")(x) + layers.Conv2D(3, 1)(x)

    graph = graph_of(model_of(body), "test")
    assert "block_conv" in {node.name for node in graph.nodes}
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)
    assert sum(isinstance(node, Add) for node in graph.nodes) == 1


NETWORKS: dict[str, tuple[Any, dict[str, Any]]] = {
    "MobileNetV3Small": (keras.applications.MobileNetV3Small, {}),
    "MobileNetV3Large": (keras.applications.MobileNetV3Large, {}),
    "MobileNetV3Large minimalistic": (keras.applications.MobileNetV3Large, {"minimalistic": True}),
    "EfficientNetB0": (keras.applications.EfficientNetB0, {}),
}


def network(name: str, side: int = 64) -> keras.Model:
    """The network with random weights and the BatchNorm statistics that belong to them."""
    keras.utils.set_random_seed(6)
    build, options = NETWORKS[name]
    model = build(input_shape=(side, side, 3), weights=None, classes=5, **options)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    model(pictures(4, side), training=True)
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_a_whole_network_answers_as_in_keras(name: str) -> None:
    model = network(name)
    batch = pictures(4, 64)
    graph = graph_of(model, "test")
    expected = model.predict(batch, verbose=0)
    np.testing.assert_allclose(execute.run(graph, batch)[graph.output], expected, rtol=0, atol=NETWORK_TOLERANCE)
