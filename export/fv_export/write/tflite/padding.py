"""Explicit padding in TFLite's words: SAME, VALID, or a PAD operator of its own.

TensorFlow's SAME rule for one axis (tensorflow/core/framework/kernel_shape_util.cc, GetWindowedOutputSizeVerbose), with
size n, window k, stride s, dilation d:

    out = ceil(n / s)        total = max(0, (out - 1) * s + (k - 1) * d + 1 - n)        before = floor(total / 2)

The kernels follow that rule at run time, so a node may say SAME exactly where its own padding equals it. VALID is no
padding at all. Anything else is padded by an operator in front and then VALID.
"""

from __future__ import annotations

from enum import StrEnum

from fv_export.graph import NO_PADDING, Padding


class Rule(StrEnum):
    """How a windowed operator is padded: by SAME, by VALID, or by a PAD in front and then VALID."""

    SAME = "same"
    VALID = "valid"
    PAD = "pad"


def rule_for(
    padding: Padding,
    size: tuple[int, int],
    window: tuple[int, int],
    strides: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> Rule:
    """The rule that gives `padding` to a map of `size` (rows, columns); VALID before SAME where both do."""
    if padding == NO_PADDING:
        return Rule.VALID
    same = tuple(same_padding(size[axis], window[axis], strides[axis], dilation[axis]) for axis in (0, 1))
    return Rule.SAME if same == padding else Rule.PAD


def same_padding(size: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    """(before, after) that SAME adds to an axis of `size` pixels."""
    out = -(-size // stride)
    total = max(0, (out - 1) * stride + (window - 1) * dilation + 1 - size)
    return total // 2, total - total // 2
