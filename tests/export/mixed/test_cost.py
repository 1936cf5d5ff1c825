from __future__ import annotations

import numpy as np
import pytest

from fv_export.mixed.cost import designs, fit
from fv_export.mixed.work import float_parts
from tests.export.mixed.mixtures import TENSORS, mixable


def test_every_tensor_is_in_a_stretch_and_the_first_file_has_nothing_restored() -> None:
    found = designs(mixable())
    assert found[0] == ()
    assert found[1] == TENSORS
    assert {tensor for design in found[2:] for tensor in design} == set(TENSORS)


def test_latencies_that_follow_the_model_are_found_again() -> None:
    mixed = mixable()
    restored = designs(mixed)
    parts = np.array([float_parts(mixed.graph, mixed.with_restored(each)) for each in restored])
    true_ms = np.array([2e-5, 0.0, 1e-4, 0.0, 0.02])
    cost = fit(mixed, restored, list(1.0 + parts @ true_ms))
    # The damping draws every number towards zero by a few hundredths of what the files differ by.
    for each in parts:
        assert cost.base_ms + cost.extra_ms(each) == pytest.approx(1.0 + float(each @ true_ms), abs=0.02)
    assert cost.files == len(restored)


def test_equal_latencies_cost_nothing() -> None:
    mixed = mixable()
    cost = fit(mixed, designs(mixed), [0.7] * len(designs(mixed)))
    assert cost.base_ms == pytest.approx(0.7)
    assert np.abs(cost.part_ms).max() < 1e-12
    assert cost.error_ms < 1e-12
