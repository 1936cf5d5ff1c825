"""Operator versions: the table, and that an older runtime's limits are kept."""

from __future__ import annotations

import numpy as np
import pytest

from fv_export.write.tflite.versions import version_of


@pytest.mark.parametrize(
    ("operator", "first", "second", "out", "dilated", "version"),
    [
        ("CONV_2D", np.float32, np.float32, np.float32, False, 1),
        ("CONV_2D", np.float32, np.int8, np.float32, False, 5),
        ("CONV_2D", np.int8, np.int8, np.int8, False, 3),
        ("CONV_2D", np.int16, np.int8, np.int16, False, 1),
        ("DEPTHWISE_CONV_2D", np.float32, np.float32, np.float32, True, 2),
        ("DEQUANTIZE", np.int8, None, np.float32, False, 2),
        ("DEQUANTIZE", np.float16, None, np.float32, False, 3),
        ("DEQUANTIZE", np.uint8, None, np.float32, False, 1),
        ("DEQUANTIZE", np.int16, None, np.float32, False, 3),
        ("QUANTIZE", np.float32, None, np.int16, False, 2),
        ("QUANTIZE", np.uint8, None, np.int8, False, 1),
        ("ADD", np.int16, np.int16, np.int16, False, 3),
        ("MEAN", np.int8, np.int32, np.int8, False, 2),
        ("MEAN", np.float32, np.int32, np.float32, False, 1),
        ("HARD_SWISH", np.int8, None, np.int8, False, 1),
    ],
)
def test_version(operator: str, first: type, second: type | None, out: type, dilated: bool, version: int) -> None:
    assert version_of(operator, first, second, out, dilated=dilated) == version


def test_a_scale_a_channel_needs_a_later_dequantize() -> None:
    assert version_of("DEQUANTIZE", np.int8, None, np.float32, per_channel=True) == 5
