from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fv_edge_runtime.errors import BadInputRange, NotProbabilities, UnsupportedModel
from fv_edge_runtime.session import Quantization
from fv_edge_runtime.tensors import InputForm, check_range, input_form, output_count, to_input, to_probabilities

FLOAT32: np.dtype[Any] = np.dtype(np.float32)
PIXELS = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 23
# A product and a sum in float32 of numbers up to 255.
FLOAT32_ROUNDING = 1e-5


@dataclass
class Session:
    input_shape: tuple[int, ...] = (1, 2, 2, 3)
    input_dtype: np.dtype[Any] = FLOAT32
    input_quantization: Quantization | None = None
    output_shape: tuple[int, ...] = (1, 3)
    output_dtype: np.dtype[Any] = FLOAT32
    output_quantization: Quantization | None = None
    runtime: str = "none"

    def run(self, x: NDArray[Any]) -> NDArray[Any]:
        raise AssertionError("nothing is run here")


def fed(session: Session, input_range: tuple[float, float] | None = None) -> NDArray[Any]:
    return to_input(PIXELS, session, input_form(session), input_range)


def test_the_form_of_the_input_is_found() -> None:
    assert input_form(Session()) == InputForm(2, channels_first=False)
    assert input_form(Session(input_shape=(1, 3, 2, 2))) == InputForm(2, channels_first=True)
    assert input_form(Session(input_shape=(1, 3, 3, 3))) == InputForm(3, channels_first=False)


@pytest.mark.parametrize("shape", [(), (1, 2), (1, 2, 2, 1), (1, 2, 4, 3), (2, 2, 2, 3), (1, 0, 0, 3), (1, 2, 2, 3, 1)])
def test_an_input_that_is_no_square_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UnsupportedModel):
        input_form(Session(input_shape=shape))


def test_types_that_are_no_pixels_or_shares_are_refused() -> None:
    with pytest.raises(UnsupportedModel):
        input_form(Session(input_dtype=np.dtype(np.int32)))
    with pytest.raises(UnsupportedModel):
        output_count(Session(output_dtype=np.dtype(np.int64)))


@pytest.mark.parametrize(("shape", "count"), [((1, 3), 3), ((3,), 3), ((1, 1, 1, 7), 7)])
def test_outputs_are_counted(shape: tuple[int, ...], count: int) -> None:
    assert output_count(Session(output_shape=shape)) == count


@pytest.mark.parametrize("shape", [(), (1, 1), (2, 3), (1, 4, 3), (1, 0)])
def test_an_output_that_is_not_one_number_a_class_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UnsupportedModel):
        output_count(Session(output_shape=shape))


def test_raw_pixels_go_into_float_and_uint8_as_they_are_and_into_int8_moved() -> None:
    for kind in (np.float32, np.float16, np.uint8):
        x = fed(Session(input_dtype=np.dtype(kind)))
        assert x.dtype == kind
        np.testing.assert_array_equal(x[0], PIXELS)
    x = fed(Session(input_dtype=np.dtype(np.int8)))
    assert x.dtype == np.int8
    np.testing.assert_array_equal(x[0].astype(int), PIXELS.astype(int) - 128)


def test_channels_are_put_first_where_they_stand_first() -> None:
    x = fed(Session(input_shape=(1, 3, 2, 2)))
    assert x.shape == (1, 3, 2, 2)
    assert x.flags.c_contiguous
    np.testing.assert_array_equal(x[0, 1], PIXELS[:, :, 1])


def test_a_range_maps_its_ends_to_0_and_255() -> None:
    x = fed(Session(), (-1.0, 1.0))
    np.testing.assert_allclose(x[0], PIXELS / 127.5 - 1, atol=FLOAT32_ROUNDING)
    np.testing.assert_array_equal(fed(Session(), (0.0, 255.0)), fed(Session()))


@pytest.mark.parametrize(("kind", "zero_point"), [(np.int8, -128), (np.uint8, 0)])
def test_a_range_and_a_scale_give_the_stored_integer(kind: type, zero_point: int) -> None:
    session = Session(input_dtype=np.dtype(kind), input_quantization=Quantization(1 / 255, zero_point))
    x = fed(session, (0.0, 1.0))
    assert x.dtype == kind
    np.testing.assert_array_equal(x[0].astype(int), PIXELS.astype(int) + zero_point)
    clipped = fed(session, (0.0, 2.0))
    assert clipped.max() == np.iinfo(kind).max


def test_a_range_without_a_scale_is_refused() -> None:
    with pytest.raises(BadInputRange):
        fed(Session(input_dtype=np.dtype(np.uint8)), (0.0, 1.0))


@pytest.mark.parametrize("bad", [(1.0, 1.0), (1.0, 0.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_a_range_that_is_none_is_refused(bad: tuple[float, float]) -> None:
    check_range((-1.0, 1.0))
    with pytest.raises(BadInputRange):
        check_range(bad)


def test_float_outputs_come_back_as_float32() -> None:
    shares = np.array([[0.25, 0.5, 0.25]])
    for kind in (np.float32, np.float16):
        found = to_probabilities(shares.astype(kind), Session(output_dtype=np.dtype(kind)))
        assert (found.dtype, found.shape) == (np.float32, (3,))
        np.testing.assert_array_equal(found, shares[0])


def test_integer_outputs_are_dequantized() -> None:
    session = Session(output_dtype=np.dtype(np.int8), output_quantization=Quantization(1 / 256, -128))
    found = to_probabilities(np.array([[-128, 0, 127]], dtype=np.int8), session)
    np.testing.assert_array_equal(found, np.array([0, 0.5, 255 / 256], dtype=np.float32))
    with pytest.raises(UnsupportedModel):
        to_probabilities(np.zeros((1, 3), np.uint8), Session(output_dtype=np.dtype(np.uint8)))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([2.0, -1.0, 0.0], "reach from -1 to 2"),
        ([0.5, 0.5, 0.5], "add up to 1.5"),
        ([0.0, 0.0, 0.0], "add up to 0"),
        ([float("nan"), 0.5, 0.5], "not finite"),
        ([float("inf"), 0.0, 0.0], "not finite"),
    ],
)
def test_what_is_no_probability_is_refused(values: list[float], why: str) -> None:
    with pytest.raises(NotProbabilities) as caught:
        to_probabilities(np.array([values], dtype=np.float32), Session())
    assert why in caught.value.why
