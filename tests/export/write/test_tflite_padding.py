"""Padding in TFLite's words, against TensorFlow's own convolution."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from keras import ops

from fv_export.graph import NO_PADDING
from fv_export.write.tflite.padding import Rule, rule_for, same_padding

SIZES, WINDOWS, STRIDES, DILATIONS = (4, 5, 7, 8, 9), (1, 2, 3, 5), (1, 2, 3), (1, 2)


@pytest.mark.parametrize(
    ("stride", "dilation"), [(s, d) for s, d in itertools.product(STRIDES, DILATIONS) if 1 in (s, d)]
)
def test_same_padding_is_tensorflows(stride: int, dilation: int) -> None:
    for size, window in itertools.product(SIZES, WINDOWS):
        row = np.arange(1, size + 1, dtype=np.float32).reshape(1, 1, size, 1)
        kernel = np.arange(1, window + 1, dtype=np.float32).reshape(1, window, 1, 1) ** 2
        same = ops.conv(row, kernel, (1, stride), "same", "channels_last", (1, dilation))
        before, after = same_padding(size, window, stride, dilation)
        padded = np.pad(row, ((0, 0), (0, 0), (before, after), (0, 0)))
        explicit = ops.conv(padded, kernel, (1, stride), "valid", "channels_last", (1, dilation))
        np.testing.assert_array_equal(np.asarray(same), np.asarray(explicit))


def test_no_padding_is_valid_even_where_same_adds_none() -> None:
    assert rule_for(NO_PADDING, (8, 8), (1, 1), (1, 1)) is Rule.VALID


def test_padding_of_same_on_both_axes_is_same() -> None:
    assert rule_for(((1, 1), (0, 1)), (9, 8), (3, 3), (2, 2)) is Rule.SAME


def test_padding_of_same_on_one_axis_only_needs_an_operator() -> None:
    assert rule_for(((1, 1), (1, 1)), (9, 8), (3, 3), (2, 2)) is Rule.PAD


def test_keras_correct_pad_is_same_for_even_sizes_only() -> None:
    assert rule_for(((0, 1), (0, 1)), (8, 8), (3, 3), (2, 2)) is Rule.SAME
    assert rule_for(((0, 1), (0, 1)), (9, 9), (3, 3), (2, 2)) is Rule.PAD
