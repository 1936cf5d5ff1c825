from __future__ import annotations

import pytest

from fv_export.mixed.keep import without_integers
from fv_export.mixed.work import PARTS, float_parts, integer_share, is_float, multiply_adds
from tests.export.mixed.mixtures import annotation, network

# first: 8 x 8 x 4 outputs of 3 x 3 x 3; second: 8 x 8 x 6 of 3 x 3 x 4; logits: 3 of 6.
FIRST, SECOND, LOGITS = 8 * 8 * 4 * 27, 8 * 8 * 6 * 36, 18


def test_multiply_adds_are_those_of_kernels() -> None:
    graph = network()
    counts = {node.name: multiply_adds(graph, node) for node in graph.nodes}
    assert (counts["first"], counts["second"], counts["logits"], counts["bend"]) == (FIRST, SECOND, LOGITS, 0)


def test_plain_int8_has_no_float_part_but_the_answer() -> None:
    graph, found = network(), annotation(network())
    assert integer_share(graph, found) == 1.0
    parts = dict(zip(PARTS, float_parts(graph, found), strict=True))
    # The softmax: three elements, and the conversion of the logits.
    assert list(parts.values()) == [0, 0, 3, 3, 1]


def test_a_float_tensor_takes_its_writer_and_its_readers_along() -> None:
    graph, found = network(), without_integers(annotation(network()), {"bend": "why"})
    assert {node.name for node in graph.nodes if is_float(node, found)} == {"bend", "second", "softmax"}
    assert integer_share(graph, found) == pytest.approx((FIRST + LOGITS) / (FIRST + SECOND + LOGITS))
    parts = dict(zip(PARTS, float_parts(graph, found), strict=True))
    assert parts[PARTS[0]] == SECOND
    assert parts[PARTS[4]] == 3  # `first` into float, `second` back, `logits` for the answer


def test_everything_in_float_converts_the_picture_alone() -> None:
    graph, found = network(), annotation(network())
    nothing = without_integers(found, dict.fromkeys(set(found.tensors) - {graph.input}, "why"))
    assert integer_share(graph, nothing) == 0.0
    assert float_parts(graph, nothing)[4] == 1
