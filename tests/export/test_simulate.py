from __future__ import annotations

import math

import numpy as np

from fv_export import execute, simulate
from fv_export.calibrate import observe
from fv_export.graph import Annotation, Function, Graph, Mean, Softmax
from fv_export.quantize import annotate
from tests.export.small_graphs import IMAGE, activation, conv, dense, graph, mul, pictures, pixels


def classifier() -> Graph:
    return graph(
        pixels(),
        conv("a", "pixels", scale=0.3),
        activation("swish", "a", Function.HARD_SWISH),
        Mean(name="mean", inputs=("swish",), output="mean", keep_dims=False),
        dense("logits", "mean", (4, 3)),
        Softmax(name="answer", inputs=("logits",), output="answer"),
    )


def annotation_of(g: Graph, scheme: str) -> Annotation:
    batch = pictures(20, seed=5)
    return annotate(g, observe(g, lambda: iter([batch]), "minmax"), scheme)


def test_every_stored_value_is_one_that_its_integers_hold() -> None:
    g = classifier()
    annotation = annotation_of(g, "int8")
    values = simulate.run(g, annotation, pictures(), tuple(annotation.tensors))
    for tensor, q in annotation.tensors.items():
        integers = values[tensor] / q.scale[0] + q.zero_point[0]
        np.testing.assert_allclose(integers, np.rint(integers), atol=1e-3)
        assert integers.min() >= -128.001
        assert integers.max() <= 127.001


def test_what_is_cut_in_front_of_its_own_sigmoid_was_0_already() -> None:
    g = graph(
        pixels(), conv("a", "pixels", scale=3.0), activation("gate", "a", Function.SIGMOID), mul("p", "a", "gate")
    )
    annotation = annotation_of(g, "int8")
    grid = annotation.tensors["a"]
    end = float((-128 - grid.zero_point[0]) * grid.scale[0])
    exact = execute.run(g, pictures(), ("a", "p"))
    below = exact["a"] < end
    assert 0.1 < below.mean() < 0.9
    assert -math.log(511) - grid.scale[0] < end <= -math.log(511)
    np.testing.assert_array_equal(simulate.run(g, annotation, pictures(), ("p",))["p"][below], 0.0)
    assert np.abs(exact["p"][below]).max() < -end / 511


def test_more_bits_are_nearer_to_float() -> None:
    g, batch = classifier(), pictures(20, seed=5)
    exact = execute.run(g, batch)["answer"]
    errors = {}
    for scheme in ("int8", "int16x8", "dynamic"):
        errors[scheme] = np.abs(simulate.run(g, annotation_of(g, scheme), batch)["answer"] - exact).max()
    assert 0 < errors["int16x8"] < errors["int8"] < 0.05
    assert 0 < errors["dynamic"] < errors["int8"]


def test_an_empty_annotation_changes_nothing() -> None:
    g, batch = classifier(), pictures()
    nothing = Annotation(tensors={}, weights={})
    np.testing.assert_array_equal(simulate.run(g, nothing, batch)["answer"], execute.run(g, batch)["answer"])


def test_the_picture_itself_is_exact() -> None:
    g = classifier()
    values = simulate.run(g, annotation_of(g, "int8"), pictures(), (IMAGE,))
    np.testing.assert_array_equal(values[IMAGE], pictures())
