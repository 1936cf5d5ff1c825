"""Which version of a built-in operator a file asks for.

A runtime refuses an operator whose version is above the one it knows, so each operator carries the lowest version that
has the feature it uses. The numbers are those of TensorFlow's own table (op_version.cc in
tensorflow/compiler/mlir/lite/tools/versioning), restricted to what this writer emits; an operator or type that is not
listed is version 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

_INT8 = {
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "CONCATENATION": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "DEQUANTIZE": 2,
    "FULLY_CONNECTED": 4,
    "LOGISTIC": 2,
    "MAXIMUM": 2,
    "MAX_POOL_2D": 2,
    "MEAN": 2,
    "MINIMUM": 2,
    # Version 3 allows a product of scales above the output's; every runtime with per-channel convolutions has it.
    "MUL": 3,
    "PAD": 2,
    "PADV2": 2,
    "TANH": 2,
}
_INT16 = {
    "ADD": 3,
    "AVERAGE_POOL_2D": 3,
    "CONCATENATION": 3,
    "DEQUANTIZE": 3,
    "LEAKY_RELU": 2,
    "LOGISTIC": 3,
    "MAXIMUM": 4,
    "MAX_POOL_2D": 3,
    "MEAN": 3,
    "MINIMUM": 4,
    "MUL": 4,
    "PAD": 3,
    "PADV2": 3,
    "QUANTIZE": 2,
    "TANH": 3,
}
# Float activations, int8 weights with one scale a channel.
_HYBRID = {"CONV_2D": 5}


def version_of(
    operator: str,
    first: DTypeLike,
    second: DTypeLike | None,
    out: DTypeLike,
    *,
    dilated: bool = False,
    per_channel: bool = False,
) -> int:
    """The version of `operator` by the types of its first and second input and of its output.

    `dilated`: a convolution with a dilation. `per_channel`: the first input has a scale a channel.
    """
    first, out = np.dtype(first), np.dtype(out)
    if first == np.float32 and second is not None and np.dtype(second) == np.int8:
        return _HYBRID.get(operator, 1)
    if operator == "DEQUANTIZE" and first == np.float16:
        return 3
    if operator == "DEQUANTIZE" and per_channel:
        return 5
    if operator == "DEPTHWISE_CONV_2D" and first == np.float32 and dilated:
        return 2
    if np.int16 in (first, out):
        return _INT16.get(operator, 1)
    return _INT8.get(operator, 1) if first == np.int8 else 1
