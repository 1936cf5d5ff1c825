from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from fv_export import execute, simulate
from fv_export.calibrate import observe
from fv_export.execute import answer_of
from fv_export.graph import Function, Fused, Graph, Mean, Pool, PoolKind, Softmax
from fv_export.quantize import annotate
from fv_export.ranges import Range
from fv_export.trainable import RANGE_SPEED, Student
from tests.export.small_graphs import activation, affine, conv, dense, depthwise, graph, mul, pictures, pixels

# A rounding that falls the other way where float32 sums in another order: a step of the logits, 1/128 of their range.
STEP = 0.06


def classifier() -> Graph:
    """A saturating hard-swish, a pool that shares its range, a sigmoid whose range is fixed by its kernel."""
    return graph(
        pixels(),
        conv("a", "pixels", scale=0.3),
        affine("h", "a", [1.0] * 4, [3.0] * 4, Fused.RELU6),
        mul("p", "a", "h"),
        Pool(name="pool", inputs=("p",), output="pool", kind=PoolKind.MAX, window=(2, 2), strides=(1, 1)),
        depthwise("d", "pool", 4),
        activation("gate", "d", Function.SIGMOID),
        Mean(name="mean", inputs=("gate",), output="mean", keep_dims=False),
        dense("logits", "mean", (8, 3)),
        Softmax(name="answer", inputs=("logits",), output="answer"),
    )


@pytest.fixture(scope="module")
def ranges() -> dict[str, Range]:
    return observe(classifier(), lambda: iter([pictures(20, seed=5)]))


def simulated(graph_: Graph, ranges_: dict[str, Range]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return simulate.run(graph_, annotate(graph_, ranges_, "int8"), pictures(), ("logits",))["logits"]


def moved(student: Student) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A displacement of every number: weights by up to a tenth, ranges by 5 % of their width to where there is room."""
    p = np.random.default_rng(3).uniform(-0.1, 0.1, student.size)
    least, most = student.limits()
    p = np.where(np.isinf(least), p, np.where(most > -least, 0.005, -0.005))
    return np.clip(p, least, most).astype(np.float32)


def test_no_displacement_is_the_post_training_quantization_to_the_bit(ranges: dict[str, Range]) -> None:
    student = Student(classifier(), ranges, "int8")
    before, after = annotate(classifier(), ranges, "int8"), None
    learnt_graph, learnt_ranges = student.learnt(np.zeros(student.size, np.float32))
    after = annotate(learnt_graph, learnt_ranges, "int8")
    for tensor, q in before.tensors.items():
        assert (after.tensors[tensor].scale, after.tensors[tensor].zero_point) == (q.scale, q.zero_point)
    for name, weights in before.weights.items():
        np.testing.assert_array_equal(after.weights[name].kernel, weights.kernel)
        np.testing.assert_array_equal(after.weights[name].bias, weights.bias)


@pytest.mark.parametrize("displaced", [False, True])
def test_what_the_student_answers_is_what_its_annotation_answers(ranges: dict[str, Range], displaced: bool) -> None:
    student = Student(classifier(), ranges, "int8")
    p = moved(student) if displaced else np.zeros(student.size, np.float32)
    answers = student.logits(tf.constant(p), tf.constant(pictures())).numpy()
    np.testing.assert_allclose(answers, simulated(*student.learnt(p)), atol=STEP)
    if displaced:
        assert np.abs(answers - simulated(classifier(), ranges)).max() > STEP


def test_ranges_that_something_fixes_do_not_move(ranges: dict[str, Range]) -> None:
    student = Student(classifier(), ranges, "int8")
    graph_, learnt = student.learnt(moved(student))
    before, after = annotate(classifier(), ranges, "int8"), annotate(graph_, learnt, "int8")
    grids = [{t: (q.scale[0], q.zero_point[0]) for t, q in each.tensors.items()} for each in (before, after)]
    assert {tensor for tensor in grids[0] if grids[0][tensor] == grids[1][tensor]} == {"image", "pixels", "gate"}
    assert grids[1]["pool"] == grids[1]["p"]


def test_learnt_ranges_pass_the_annotation_uncut(ranges: dict[str, Range]) -> None:
    student = Student(classifier(), ranges, "int8")
    least, most = student.limits()
    for p in (np.where(np.isfinite(least), least, 0), np.where(np.isfinite(most), most, 0)):
        graph_, learnt = student.learnt(p.astype(np.float32))
        annotation = annotate(graph_, learnt, "int8")
        for tensor in ("a", "h", "p", "logits"):
            low, high = learnt[tensor]
            assert annotation.tensors[tensor].scale[0] == pytest.approx((high - low) / 255, rel=1e-6)


def test_with_fixed_ranges_only_weights_learn(ranges: dict[str, Range]) -> None:
    free, fixed = (Student(classifier(), ranges, "int8", learn_ranges=learn) for learn in (True, False))
    # a; h; p and pool; d; mean; logits: two ends each.
    assert free.size - fixed.size == 12
    assert fixed.learnt(moved(fixed))[1] == ranges


def test_every_number_that_may_move_has_a_gradient(ranges: dict[str, Range]) -> None:
    student = Student(classifier(), ranges, "int8")
    p = tf.constant(np.zeros(student.size, np.float32))
    with tf.GradientTape() as tape:
        tape.watch(p)
        logits = student.logits(p, tf.constant(pictures(20, seed=6)))
        loss = tf.reduce_sum((logits - tf.reduce_mean(logits)) ** 2)
    gradient = tape.gradient(loss, p).numpy()
    least, most = student.limits()
    assert np.isfinite(gradient).all()
    assert (gradient[least < most] != 0).mean() > 0.9


def test_a_range_moves_by_a_share_of_its_width(ranges: dict[str, Range]) -> None:
    student = Student(classifier(), ranges, "int8")
    p = np.where(np.isfinite(student.limits()[0]), np.float32(0.001), 0).astype(np.float32)
    low, high = student.learnt(np.zeros_like(p))[1]["logits"]
    moved_low, moved_high = student.learnt(p)[1]["logits"]
    expected = 0.001 * RANGE_SPEED * (high - low)
    assert (moved_low - low, moved_high - high) == pytest.approx((expected, expected), rel=1e-4)


def test_the_answer_is_the_logits_or_the_logarithm_of_what_there_is(ranges: dict[str, Range]) -> None:
    whole = classifier()
    assert answer_of(whole) == "logits"
    cut = graph(*whole.nodes[:-1])
    assert answer_of(cut) == "logits"
    student = Student(cut, {tensor: ranges[tensor] for tensor in cut.tensors()}, "int8")
    got = student.logits(tf.zeros(student.size), tf.constant(pictures())).numpy()
    np.testing.assert_allclose(got, np.log(np.maximum(simulated(cut, ranges), 1e-7)), atol=STEP)
    assert execute.run(cut, pictures())["logits"].shape == got.shape


def test_the_start_tells_other_weights_and_other_ranges(ranges: dict[str, Range]) -> None:
    plain = Student(classifier(), ranges, "int8", learn_ranges=False)
    other_graph, _ = plain.learnt(moved(plain))
    for graph_, ranges_ in ((other_graph, ranges), (classifier(), {**ranges, "d": (-1.0, 2.0)})):
        assert not np.array_equal(Student(graph_, ranges_, "int8", learn_ranges=False).start(), plain.start())
    np.testing.assert_array_equal(Student(classifier(), ranges, "int8", learn_ranges=False).start(), plain.start())
