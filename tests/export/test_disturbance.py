from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fv_export import disturbance, simulate
from fv_export.calibrate import collect
from fv_export.disturbance import least_disturbing
from fv_export.errors import CalibrationFailed
from fv_export.execute import answer_of, run
from fv_export.graph import Concat, Fused, Graph, Mean, Softmax
from fv_export.quantize import annotate
from tests.export.small_graphs import conv, dense, graph, pictures, pixels


def classifier(blind: float) -> Graph:
    """Channel 3 of `a` reaches far beyond the others; `b` reads it times `blind`."""
    a, b = conv("a", "pixels", fused=Fused.RELU, scale=0.3), conv("b", "a", (4, 6), size=1, scale=1.0)
    wide, reads = a.kernel.copy(), b.kernel.copy()
    wide[..., 3] *= 200
    reads[:, :, 3] *= blind
    return graph(
        pixels(),
        replace(a, kernel=wide),
        replace(b, kernel=reads),
        Mean(name="mean", inputs=("b",), output="mean", keep_dims=False),
        dense("logits", "mean", (6, 5)),
        Softmax(name="answer", inputs=("logits",), output="answer"),
    )


def spiky(count: int = 40) -> np.ndarray:
    return pictures(count, seed=6)


def high_of(g: Graph, bits: int = 8) -> tuple[float, float]:
    batch = spiky()
    histograms = collect(g, lambda: iter([batch]))
    return least_disturbing(g, histograms, batch, bits)["a"][1], histograms["a"].high


def test_a_tail_that_nobody_reads_is_cut_and_one_that_matters_is_not() -> None:
    cut, whole = high_of(classifier(blind=0.0))
    kept, same = high_of(classifier(blind=1.0))
    assert whole == same
    assert cut < kept <= whole


def test_steps_are_no_concern_of_16_bits() -> None:
    high, whole = high_of(classifier(blind=1.0), bits=16)
    assert high == whole


def test_the_answer_is_nearer_than_with_the_widest_ranges() -> None:
    g, batch = classifier(blind=0.0), spiky()
    histograms = collect(g, lambda: iter([batch]))
    exact = run(g, batch, ("logits",))["logits"]

    def error(ranges: dict[str, tuple[float, float]]) -> float:
        return float(((simulate.run(g, annotate(g, ranges, "int8"), batch, ("logits",))["logits"] - exact) ** 2).mean())

    widest = {tensor: (histogram.low, histogram.high) for tensor, histogram in histograms.items()}
    assert error(least_disturbing(g, histograms, batch, 8)) < error(widest)


def test_every_tensor_gets_a_range_within_what_was_seen_and_the_same_again() -> None:
    g, batch = classifier(blind=1.0), spiky(10)
    histograms = collect(g, lambda: iter([batch]))
    ranges = least_disturbing(g, histograms, batch, 8)
    assert set(ranges) == set(g.tensors())
    assert all(histograms[t].low <= low <= high <= histograms[t].high for t, (low, high) in ranges.items())
    assert ranges == least_disturbing(g, histograms, batch, 8)


def test_tensors_with_one_scale_choose_together() -> None:
    a, b = conv("a", "pixels"), conv("b", "pixels")
    both = Concat(name="both", inputs=("a", "b"), output="both")
    mean = Mean(name="mean", inputs=("both",), output="mean", keep_dims=False)
    g, batch = graph(pixels(), a, b, both, mean), pictures(20)
    histograms = collect(g, lambda: iter([batch]))
    ranges = least_disturbing(g, histograms, batch, 8)
    tails = [[h.tails(s) if s else (h.low, h.high) for s in disturbance._TAILS] for h in map(histograms.get, "ab") if h]
    assert any(ranges["a"] == first and ranges["b"] == second for first, second in zip(*tails, strict=True))


def test_a_large_network_gets_fewer_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    whole = disturbance._disturbances

    def counting(g: Graph, observed: Any, batch: Any, bits: int) -> Any:
        seen.append(len(batch))
        return whole(g, observed, batch, bits)

    monkeypatch.setattr(disturbance, "_disturbances", counting)
    g, batch = classifier(blind=1.0), pictures(40)
    histograms = collect(g, lambda: iter([batch]))
    least_disturbing(g, histograms, batch, 8)
    monkeypatch.setattr(disturbance, "_VALUES", 1)
    least_disturbing(g, histograms, batch, 8)
    assert seen == [40, disturbance._FEWEST_PICTURES]


def test_logits_stand_before_the_softmax() -> None:
    assert answer_of(classifier(1.0)) == "logits"
    assert answer_of(graph(pixels(), conv("a", "pixels"))) == "a"


def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(CalibrationFailed, match="needs TensorFlow"):
        least_disturbing(graph(pixels()), {}, pictures(), 8)
