"""From network inputs as pixels to what a model file wants, and from what it gives to probabilities.

Pixels p are 0…255. A model's input is one of
    float                  x = lo + p (hi - lo) / 255, with (lo, hi) = (0, 255) unless an input range is given
    uint8                  x = p: raw bytes are what such a file takes
    int8                   x = p - 128: the same bytes, moved
    uint8, int8 and an     q = round(x / scale) + zero_point with x as for float, clipped to the type
    input range is given
and channels stand last (1, H, W, 3) or, in ONNX files of others, first (1, 3, H, W). An integer output is
scale * (q - zero_point).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_edge_runtime.errors import BadInputRange, NotProbabilities, UnsupportedModel
from fv_edge_runtime.session import Quantization, Session

Range = tuple[float, float]
RAW_PIXELS: Range = (0.0, 255.0)
# float16 rounds each probability by at most 2^-11 of itself, so their sum by at most 2^-11 = 5e-4; twenty times that is
# no rounding. In uint8 with the usual scale of 1/256 each may be off by 1/512, so that a sum says nothing there.
SUM_TOLERANCE = 1e-2
_CHANNELS = 3


@dataclass(frozen=True)
class InputForm:
    """How a network takes its picture: side in pixels, and whether channels stand first."""

    size: int
    channels_first: bool


def input_form(session: Session) -> InputForm:
    """The form of the session's input; raises `UnsupportedModel` unless it is one square RGB picture."""
    shape = session.input_shape
    if len(shape) == 4 and shape[0] == 1 and session.input_dtype in _INPUT_DTYPES:
        if shape[3] == _CHANNELS and shape[1] == shape[2] and shape[1] > 0:
            return InputForm(shape[1], channels_first=False)
        if shape[1] == _CHANNELS and shape[2] == shape[3] and shape[2] > 0:
            return InputForm(shape[2], channels_first=True)
    raise UnsupportedModel(
        f"the model's input is {session.input_dtype} {shape}",
        why="a picture is needed: uint8, int8 or float, (1, size, size, 3)",
        hint="export the model for one square picture",
    )


def output_count(session: Session) -> int:
    """How many classes the session's output has; raises `UnsupportedModel` unless it is one number a class."""
    shape = session.output_shape
    classes = shape[-1] if shape else 0
    if not shape or classes < 2 or any(size != 1 for size in shape[:-1]) or session.output_dtype not in _OUTPUT_DTYPES:
        raise UnsupportedModel(
            f"the model's output is {session.output_dtype} {shape}",
            why="a classifier gives one number for each of at least two classes, (1, classes)",
        )
    return classes


def check_range(input_range: Range) -> None:
    """Raise `BadInputRange` unless both ends are finite and the second is the larger."""
    low, high = input_range
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise BadInputRange(
            f"no input range: {low:g},{high:g}", why="LO,HI are what 0 and 255 become", hint="--input-range=-1,1"
        )


def to_input(pixels: NDArray[np.uint8], session: Session, form: InputForm, input_range: Range | None) -> NDArray[Any]:
    """One network input (H, W, 3) uint8 -> the session's input, by the rules of the module."""
    picture = pixels.transpose(2, 0, 1) if form.channels_first else pixels
    x = np.ascontiguousarray(picture[None])
    dtype = session.input_dtype
    if dtype.kind == "f":
        return np.asarray(_scaled(x, input_range), dtype=dtype)
    if input_range is None:
        return x if dtype == np.uint8 else (x.astype(np.int16) - 128).astype(np.int8)
    quantization = session.input_quantization
    if quantization is None:
        raise BadInputRange(
            "the input range cannot be used", why=f"the {dtype} input has no scale", hint="leave --input-range out"
        )
    stored = np.rint(_scaled(x, input_range) / quantization.scale) + quantization.zero_point
    limits = np.iinfo(dtype)
    return np.asarray(np.clip(stored, limits.min, limits.max), dtype=dtype)


def to_probabilities(output: NDArray[Any], session: Session) -> NDArray[np.float32]:
    """The session's output -> (C,) float32; raises `NotProbabilities` when it is none."""
    values = _dequantized(output, session.output_quantization).reshape(-1)
    why = _doubt(values, is_float=session.output_dtype.kind == "f")
    if why:
        raise NotProbabilities(
            "the model does not answer with probabilities", why=why, hint="export the model with a softmax at its end"
        )
    return values


_INPUT_DTYPES = [np.dtype(kind) for kind in (np.uint8, np.int8, np.float32, np.float16)]
_OUTPUT_DTYPES = [np.dtype(kind) for kind in (np.uint8, np.int8, np.float32, np.float16)]


def _scaled(x: NDArray[np.uint8], input_range: Range | None) -> NDArray[np.float32]:
    values = x.astype(np.float32)
    if input_range is None or input_range == RAW_PIXELS:
        return values
    low, high = input_range
    return np.asarray(values * np.float32((high - low) / 255.0) + np.float32(low), dtype=np.float32)


def _dequantized(output: NDArray[Any], quantization: Quantization | None) -> NDArray[np.float32]:
    if output.dtype.kind == "f":
        return output.astype(np.float32)
    if quantization is None:
        raise UnsupportedModel(f"the {output.dtype} output has no scale", why="its numbers cannot be read as shares")
    values = (output.astype(np.float64) - quantization.zero_point) * quantization.scale
    return values.astype(np.float32)


def _doubt(values: NDArray[np.float32], *, is_float: bool) -> str:
    """Why the values are no probabilities; empty when they may be."""
    if not np.isfinite(values).all():
        return "some of its numbers are not finite"
    low, high, total = float(values.min()), float(values.max()), float(values.sum(dtype=np.float64))
    if low < -SUM_TOLERANCE or high > 1 + SUM_TOLERANCE:
        return f"its numbers reach from {low:.3g} to {high:.3g}"
    if is_float and abs(total - 1) > SUM_TOLERANCE:
        return f"its numbers add up to {total:.3g}"
    return ""
