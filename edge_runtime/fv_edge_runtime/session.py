"""A model file opened by a runtime: one input, one output, numbers in, numbers out. No pictures, no labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Quantization:
    """real = scale * (stored - zero_point), for a whole tensor."""

    scale: float
    zero_point: int


class Session(Protocol):
    """An opened model.

    Shapes are static and begin with the batch of 1. `input_quantization` and `output_quantization` are None for
    floating-point tensors. `runtime`: name and version, as in `ai-edge-litert 2.3.0`.
    """

    input_shape: tuple[int, ...]
    input_dtype: np.dtype[Any]
    input_quantization: Quantization | None
    output_shape: tuple[int, ...]
    output_dtype: np.dtype[Any]
    output_quantization: Quantization | None
    runtime: str

    def run(self, x: NDArray[Any]) -> NDArray[Any]:
        """One inference: `x` of `input_shape` and `input_dtype` -> a copy of the output as the model gives it."""


@dataclass(frozen=True)
class Backend:
    """One runtime. `is_installed` imports nothing; `open` raises `MissingExtra`, `BadModelFile`, `UnsupportedModel`.

    `format`: `tflite` or `onnx`. `preference`: the lowest that is installed opens a file of its format. `extra`: what
    to install, as in `pip install 'fv[litert]'`.
    """

    name: str
    format: str
    preference: int
    extra: str
    is_installed: Callable[[], bool]
    open: Callable[[Path, int], Session]
