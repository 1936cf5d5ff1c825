"""The page gives a network the numbers that `fv_edge_runtime.tensors` gives it, and refuses what it cannot read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from fv_edge_runtime.session import Session
from fv_edge_runtime.tensors import InputForm, Range, to_input
from tests.web.in_node import NodeSays, in_node

SIZE = 5
PIXELS = np.random.default_rng(7).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize(
    ("dtype", "input_range"),
    [("uint8", None), ("int8", None), ("float32", None), ("float32", (-1.0, 1.0)), ("float32", (0.0, 1.0))],
)
def test_the_same_numbers(dtype: str, input_range: Range | None, channels_first: bool) -> None:
    session = cast(Session, SimpleNamespace(input_dtype=np.dtype(dtype), input_quantization=None))
    mine = to_input(PIXELS, session, InputForm(SIZE, channels_first), input_range)
    shape = list(mine.shape)
    theirs = in_node("toInput", pixels=PIXELS.ravel().tolist(), type=dtype, shape=shape, range=input_range)
    assert np.array_equal(np.array(theirs, dtype=dtype), mine.ravel())


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("float32", [2, SIZE, SIZE, 3]),
        ("float32", [1, SIZE, 4, 3]),
        ("float32", [1, SIZE, SIZE]),
        ("int32", [1, 5, 5, 3]),
    ],
)
def test_an_input_that_is_no_picture_is_refused(kind: str, shape: list[int]) -> None:
    with pytest.raises(NodeSays, match="a picture is needed"):
        in_node("toInput", pixels=PIXELS.ravel().tolist(), type=kind, shape=shape, range=None)


def test_a_range_without_a_scale_is_refused() -> None:
    with pytest.raises(NodeSays, match="its scale is needed"):
        in_node("toInput", pixels=PIXELS.ravel().tolist(), type="uint8", shape=[1, SIZE, SIZE, 3], range=[-1, 1])


def test_an_output_is_float_and_one_number_a_class() -> None:
    assert in_node("outputCount", type="float32", shape=[1, 26]) == 26
    for kind, shape in (("uint8", [1, 26]), ("float32", [2, 26]), ("float32", [1, 1])):
        with pytest.raises(NodeSays, match="the model"):
            in_node("outputCount", type=kind, shape=shape)


def test_equals_stand_in_the_order_of_the_labels() -> None:
    assert in_node("mostProbable", shares=[0.1, 0.3, 0.3, 0.05, 0.25], count=3) == [1, 2, 4]
