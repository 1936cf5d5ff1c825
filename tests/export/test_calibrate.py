from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from fv_core.errors import UnknownName
from fv_export import execute
from fv_export.calibrate import observe
from fv_export.errors import CalibrationFailed
from fv_export.graph import Function, Graph
from tests.export.small_graphs import IMAGE, activation, affine, conv, graph, pictures, pixels


def small() -> Graph:
    return graph(pixels(), conv("a", "pixels", scale=0.3), activation("relu", "a", Function.RELU))


def batches(pixels_of: NDArray[np.generic], size: int = 5) -> Iterator[NDArray[np.generic]]:
    return (pixels_of[i : i + size] for i in range(0, len(pixels_of), size))


def test_minmax_is_exact_for_every_tensor() -> None:
    g, batch = small(), pictures(11)
    ranges = observe(g, lambda: batches(batch.astype(np.uint8)), "minmax")
    values = execute.run(g, batch, tuple(g.tensors()))
    assert set(ranges) == {IMAGE, "pixels", "a", "relu"}
    for tensor, (low, high) in ranges.items():
        assert low == pytest.approx(float(values[tensor].min()), abs=1e-5)
        assert high == pytest.approx(float(values[tensor].max()), abs=1e-5)


def test_percentile_leaves_one_outlier_out_and_is_otherwise_near_minmax() -> None:
    g, batch = graph(affine("y", IMAGE, [1.0] * 3, [0.0] * 3), side=64), np.full((4, 64, 64, 3), 100.0, np.float32)
    batch[:, ::2] = np.linspace(90, 110, 64)[None, None, :, None]
    batch[0, 0, 0, 0] = 255.0
    low, high = observe(g, lambda: batches(batch))["y"]
    assert low == pytest.approx(90, abs=0.2)
    assert high == pytest.approx(110, abs=0.2)
    assert observe(g, lambda: batches(batch), "minmax")["y"] == (90.0, 255.0)


def test_large_maps_are_sampled_but_their_ends_are_not() -> None:
    side = 128  # 49,152 values a picture: every second position is counted
    batch = np.random.default_rng(0).integers(50, 200, (4, side, side, 3)).astype(np.float32)
    batch[1, 3, 5, 1] = 255.0
    g = graph(affine("y", IMAGE, [1.0] * 3, [0.0] * 3), side=side)
    assert observe(g, lambda: batches(batch), "minmax")["y"] == (50.0, 255.0)
    low, high = observe(g, lambda: batches(batch))["y"]
    assert low == pytest.approx(50, abs=0.2)
    assert high == pytest.approx(199, abs=0.2)


def test_the_size_of_the_batches_does_not_matter() -> None:
    g, batch = small(), pictures(12)
    one, other = observe(g, lambda: batches(batch, 12)), observe(g, lambda: batches(batch, 1))
    for tensor, (low, high) in one.items():
        # Bins may begin elsewhere; they are at most 1/2048 of the span wide.
        assert other[tensor] == pytest.approx((low, high), abs=(high - low) / 1000)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UnknownName):
        observe(small(), lambda: batches(pictures()), "guess")


def test_no_pictures_are_refused() -> None:
    with pytest.raises(CalibrationFailed, match="no calibration pictures"):
        observe(small(), lambda: iter(()))


def test_pictures_of_one_colour_are_refused() -> None:
    with pytest.raises(CalibrationFailed, match="all of one colour"):
        observe(small(), lambda: batches(np.full((4, 8, 8, 3), 128.0, np.float32)))


def test_values_that_are_not_finite_are_refused_and_named() -> None:
    g = graph(pixels(), affine("broken", "pixels", [np.nan] * 3, [0.0] * 3))
    with pytest.raises(CalibrationFailed, match="broken are not finite"):
        observe(g, lambda: batches(pictures()))
