from __future__ import annotations

import math

import pytest

from fv_edge_runtime.scales import Product, Scaled, remarks_on_scales

SOUND = Scaled("t", "int8", False, None, (0.5,), (3,))


def by_channel(*scales: float) -> Scaled:
    return Scaled("w", "int8", True, 0, scales, (0,) * len(scales))


def test_the_facts_are_the_ends() -> None:
    facts = by_channel(0.25, 0.5, 0.125).facts()
    assert (facts.axis, facts.channels, facts.scales, facts.zero_points) == (0, 3, (0.125, 0.5), (0, 0))
    assert by_channel(0.25, math.nan).facts().scales is None


@pytest.mark.parametrize(
    ("scales", "words"),
    [
        ((0.0,), "zero, negative, NaN or infinite"),
        ((-1.0,), "zero, negative"),
        ((0.5, math.nan), "NaN"),
        ((math.inf,), "infinite"),
        ((1e-39,), "denormal"),
        ((1.0, 2.0**-25), "dead channels"),
    ],
)
def test_a_scale_that_cannot_be_right_is_named(scales: tuple[float, ...], words: str) -> None:
    (remark,) = remarks_on_scales([SOUND, by_channel(*scales)], [])
    assert (remark.about, words in remark.text, remark.text.endswith(": w")) == ("scale", True, True)


def test_sound_scales_are_not_remarked_on() -> None:
    tensors = [SOUND, by_channel(1.0, 2.0**-24), by_channel(2.0**-126)]
    products = [Product("a", 1.0, (255.9,), 1.0), Product("b", 1.0, (2.0**-32,), 1.0), Product("c", 0.0, (1.0,), 1.0)]
    assert list(remarks_on_scales(tensors, products)) == []


@pytest.mark.parametrize("kernel", [(1.0, 256.0), (1.0, 2.0**-33)])
def test_a_ratio_that_no_kernel_takes_is_named(kernel: tuple[float, ...]) -> None:
    (remark,) = remarks_on_scales([], [Product("conv", 1.0, kernel, 1.0)])
    assert remark.text == "1 layers have scales whose ratio no XNNPACK kernel takes: conv"


def test_many_names_are_counted() -> None:
    tensors = [Scaled(f"t{number}", "int8", False, None, (0.0,), (0,)) for number in range(5)]
    (remark,) = remarks_on_scales(tensors, [])
    assert remark.text.endswith(": t0, t1, t2 and 2 more")
