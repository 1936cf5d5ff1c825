"""What the files of one call share, and the calibration method of each."""

from __future__ import annotations

import numpy as np
import pytest

from fv_core.errors import UnknownName
from fv_core.progress import Silent
from fv_export import answer_bias
from fv_export.from_keras import graph_of
from fv_export.schemes import Pair
from fv_export.variants import ROUNDING, FromGraph, method_for
from tests.export import separable


def test_each_scheme_has_its_method_and_the_user_has_the_last_word() -> None:
    assert method_for("int8", None) == "disturbance"
    assert method_for("int16x8", None) == "minmax"
    assert method_for("int16x8", "percentile") == "percentile"
    with pytest.raises(UnknownName, match="calibration method"):
        method_for("int8", "guess")


def test_one_observation_serves_both_formats_of_a_scheme() -> None:
    class Counting(Silent):
        seen = 0

        def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
            self.seen += task == "looking at calibration pictures" and done == total

    progress = Counting()
    calibration, _ = separable.pictures(40, first_seed=1)
    graph = graph_of(separable.build(), "tiny")
    maker = FromGraph(graph, calibration[:2], calibration, None, progress)
    tflite = maker.get(Pair("tflite", "int8"))
    onnx = maker.get(Pair("onnx", "int8"))
    assert progress.seen == 1
    assert tflite.rewrites == onnx.rewrites
    assert "fold_batch_norm" in tflite.rewrites
    assert tflite.rewrites[-2:] == (ROUNDING, answer_bias.NAME)
    assert tflite.applied[-1].startswith(answer_bias.NAME)


def test_a_float_file_needs_no_calibration_and_an_integer_one_does() -> None:
    probe, _ = separable.pictures(2, first_seed=1)
    maker = FromGraph(graph_of(separable.build(), "tiny"), probe, None, None, Silent())
    plain = maker.get(Pair("tflite", "fp32"))
    assert plain.float_tensors == ()
    assert ROUNDING not in plain.rewrites
    assert ROUNDING not in maker.get(Pair("tflite", "dynamic")).rewrites
    with pytest.raises(ValueError, match="calibration"):
        maker.get(Pair("tflite", "int8"))


def test_the_probe_stays_as_it_was() -> None:
    probe, _ = separable.pictures(2, first_seed=1)
    before = probe.copy()
    FromGraph(graph_of(separable.build(), "tiny"), probe, None, None, Silent()).get(Pair("onnx", "fp16"))
    np.testing.assert_array_equal(probe, before)


@pytest.mark.parametrize(("count", "searched", "why"), [(20, False, "20 calibration pictures"), (40, True, "in float")])
def test_where_the_answers_mean_is_not_kept_that_is_said(count: int, searched: bool, why: str) -> None:
    calibration, _ = separable.pictures(count, first_seed=1)
    graph = graph_of(separable.build(), "tiny")
    found = FromGraph(graph, calibration[:2], calibration, "minmax", Silent(), searched=searched).get(
        Pair("tflite", "int8")
    )
    assert answer_bias.NAME not in found.rewrites
    assert [sentence for sentence in found.refused if sentence.startswith(answer_bias.NAME) and why in sentence]
