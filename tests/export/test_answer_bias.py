"""The last layer's bias: class means as in float, on the pictures and on others; nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from fv_export import answer_bias, execute, simulate
from fv_export.answer_bias import Logits, kept, last_layer
from fv_export.graph import (
    Activation,
    Annotation,
    Conv,
    Dense,
    Floats,
    Function,
    Fused,
    Graph,
    Mean,
    Reshape,
    Softmax,
)
from fv_export.looking import look
from fv_export.quantize import annotate
from fv_export.ranges import Range
from tests.export.small_graphs import conv, graph, pictures, pixels

CLASSES = 5


def classifier(fused: Fused = Fused.NONE) -> Graph:
    random = np.random.default_rng(3)
    return graph(
        pixels(),
        conv("a", "pixels", channels=(3, 8), fused=Fused.RELU),
        Mean(name="m", inputs=("a",), output="m", keep_dims=False),
        Dense(
            name="logits",
            inputs=("m",),
            output="logits",
            kernel=random.normal(0, 1, (8, CLASSES)).astype(np.float32),
            bias=random.normal(0, 1, CLASSES).astype(np.float32),
            fused=fused,
        ),
        Softmax(name="softmax", inputs=("logits",), output="softmax"),
    )


def cut(of: Graph, batch: Floats) -> dict[str, Range]:
    """Ranges that cut the upper tenth of the first convolution, which moves every mean behind it."""
    values = execute.run(of, batch, tuple(of.tensors()))
    ranges = {name: (float(value.min()), float(value.max())) for name, value in values.items()}
    return ranges | {"a": (0.0, float(np.quantile(values["a"], 0.9)))}


def shift(of: Graph, annotation: Annotation, float_graph: Graph, batch: Floats) -> Floats:
    """(C,): how far the mean logits of the 8-bit graph are from those in float."""
    stored = simulate.run(of, annotation, batch, ("logits",))["logits"]
    return np.asarray((stored - execute.run(float_graph, batch, ("logits",))["logits"]).mean(axis=0))


def full(of: Graph, batch: Floats) -> Floats:
    logits = Logits(of)
    look(of, lambda: iter([batch]), [logits])
    return logits.found()


def test_the_means_are_those_of_float_here_and_on_other_pictures() -> None:
    of, seen, other = classifier(), pictures(48, seed=1), pictures(48, seed=2)
    before = annotate(of, cut(of, seen), "int8")
    corrected, after = kept(of, before, seen.astype(np.uint8), full(of, seen))
    step = float(before.tensors["logits"].scale[0])
    assert np.abs(shift(of, before, of, seen)).max() > 3 * step
    assert np.abs(shift(corrected, after, of, seen)).max() < step / 2
    assert np.abs(shift(corrected, after, of, other)).max() < np.abs(shift(of, before, of, other)).max() / 2


def test_only_that_bias_moves() -> None:
    of, seen = classifier(), pictures(40)
    before = annotate(of, cut(of, seen), "int8")
    corrected, after = kept(of, before, seen.astype(np.uint8), full(of, seen))
    assert after.tensors is before.tensors
    assert [name for name in after.weights if after.weights[name] is not before.weights[name]] == ["logits"]
    assert after.weights["logits"].kernel is before.weights["logits"].kernel
    assert [node.name for node, was in zip(corrected.nodes, of.nodes, strict=True) if node is not was] == ["logits"]
    # The float bias says what the integers say, for who quantizes it again.
    again = annotate(corrected, cut(of, seen), "int8").weights["logits"].bias
    assert np.abs(again - after.weights["logits"].bias).max() <= 1


def test_the_pictures_are_spread_over_all_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    of, seen = classifier(), pictures(40)
    ranges, some = cut(of, seen), np.array([0, 10, 20, 30])
    monkeypatch.setattr(answer_bias, "PICTURES", 4)
    monkeypatch.setattr(answer_bias, "FEWEST", 1)
    before = annotate(of, ranges, "int8")
    found = kept(of, before, seen.astype(np.uint8), full(of, seen))[1]
    chosen = kept(of, before, seen[some].astype(np.uint8), full(of, seen[some]))[1]
    np.testing.assert_array_equal(found.weights["logits"].bias, chosen.weights["logits"].bias)


def test_other_backends_round_by_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    of, seen = classifier(), pictures(32)
    before = annotate(of, cut(of, seen), "int8")

    def bias() -> Floats:
        node = last_layer(kept(of, before, seen.astype(np.uint8), full(of, seen))[0], before)
        assert node is not None
        return np.asarray(node.bias)

    fused = bias()
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    np.testing.assert_allclose(bias(), fused, atol=0.05 * float(before.tensors["logits"].scale[0]))


def test_a_convolution_whose_answer_is_only_reshaped_is_a_last_layer_too() -> None:
    """As MobileNetV3's own head: Conv, Flatten, Softmax."""
    of, seen = classifier(), pictures(48)
    dense = of.nodes[-2]
    assert isinstance(dense, Dense)
    head = Conv(
        name="head", inputs=("m",), output="head", kernel=dense.kernel[None, None], bias=dense.bias, strides=(1, 1)
    )
    flat = Reshape(name="logits", inputs=("head",), output="logits", shape=(1, CLASSES))
    mean = Mean(name="m", inputs=("a",), output="m", keep_dims=True)
    shapes = {**of.shapes, "m": (1, 1, 1, 8), "head": (1, 1, 1, CLASSES)}
    of = replace(of, nodes=(*of.nodes[:-3], mean, head, flat, of.nodes[-1]), shapes=shapes)
    before = annotate(of, cut(of, seen), "int8")
    corrected, after = kept(of, before, seen.astype(np.uint8), full(of, seen))
    assert last_layer(of, before) is head
    step = float(before.tensors["logits"].scale[0])
    assert np.abs(shift(corrected, after, of, seen)).max() < step / 2 < np.abs(shift(of, before, of, seen)).max()


def test_a_bias_never_leaves_its_half_of_the_integers() -> None:
    of, seen = classifier(), pictures(40)
    before = annotate(of, cut(of, seen), "int8")
    far = full(of, seen) + np.float32(1e9)
    assert kept(of, before, seen.astype(np.uint8), far)[1].weights["logits"].bias.max() == 1 << 30


def test_few_pictures_correct_nothing() -> None:
    of, seen = classifier(), pictures(31)
    before = annotate(of, cut(of, seen), "int8")
    assert kept(of, before, seen.astype(np.uint8), full(of, seen)) == (of, before)


@pytest.mark.parametrize("why", ["fused", "no layer", "float", "float before", "16 bits"])
def test_where_no_8_bit_layer_adds_its_bias_to_the_logits_all_stays(why: str) -> None:
    of, seen = classifier(Fused.RELU if why == "fused" else Fused.NONE), pictures(40)
    if why == "no layer":
        relu = Activation(name="relu", inputs=("logits",), output="relu", function=Function.RELU, alpha=0.0)
        nodes = (*of.nodes[:-1], relu, replace(of.nodes[-1], inputs=("relu",)))
        of = replace(of, nodes=nodes, shapes={**of.shapes, "relu": of.shapes["logits"]})
    before = annotate(of, cut(of, seen), "int16x8" if why == "16 bits" else "int8")
    if why.startswith("float"):
        missing = "m" if why == "float before" else "logits"
        before = replace(before, tensors={name: q for name, q in before.tensors.items() if name != missing})
    assert last_layer(of, before) is None
    graph_, annotation = kept(of, before, seen.astype(np.uint8), full(of, seen))
    assert graph_ is of
    assert annotation is before
