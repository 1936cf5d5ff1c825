"""Training augmentation: random numbers are drawn here on the host, pixels are changed inside the compiled step.

All randomness is a function of (seed, epoch, step): a resumed run draws the same numbers, and every Keras backend sees
the same pictures. The step receives, for each picture, a row of `FIELDS`, and computes

    out = R_y(top, height) . picture . R_x(left, width, mirrored)^T        then colour, then mixing

R is the (N, S) matrix of Pillow's antialiased bilinear filter for the interval [start, start + length) of the stored
square: with the scale c = length / N and the support s = max(1, c),

    centre_o = start + (o + 1/2) * c
    R[o, i]  = max(0, 1 - |i + 1/2 - centre_o| / s), each row divided by its sum

so an unchanged picture is what `Preprocess.network_input` gives, up to its rounding to 8 bits: training and evaluation
see the same scale and the same filter. A mirrored picture is R_x with its rows reversed. In bfloat16 the pixels 0..255
are still exact (8 significant bits).

Colour (each factor 1 + u, u uniform in +-the recipe's value), in this order: brightness v * b; contrast around the
picture's mean grey; saturation around each pixel's grey (ITU-R BT.601 weights); clipped to 0..255.
Mixing (mixup, Zhang et al. 2018, arXiv 1710.09412): v * l + v[partner] * (1 - l), labels alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from fv_train.recipe import Augment

# Columns of the parameters. top, left, height, width are shares of the stored square's side.
FIELDS = ("top", "left", "height", "width", "mirrored", "brightness", "contrast", "saturation")
# As torchvision's RandomResizedCrop: ten tries for a crop that fits, then the centre.
_TRIES = 10
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Draw:
    """Random numbers for one batch of n pictures.

    `parameters` (n, len(FIELDS)) float32; `partner` (n,) int32 and `share` (n,) float32: picture i becomes
    share * picture i + (1 - share) * picture partner[i].
    """

    parameters: NDArray[np.float32]
    partner: NDArray[np.int32]
    share: NDArray[np.float32]


def identity(n: int, crop_fraction: float = 1.0) -> Draw:
    """The draw that changes nothing but the size: what evaluation sees."""
    start = (1.0 - crop_fraction) / 2.0
    row = np.array([start, start, crop_fraction, crop_fraction, 0.0, 1.0, 1.0, 1.0], dtype=np.float32)
    return Draw(np.tile(row, (n, 1)), np.arange(n, dtype=np.int32), np.ones(n, dtype=np.float32))


def draw(settings: Augment, random: np.random.Generator, n: int, crop_fraction: float = 1.0) -> Draw:
    """Random numbers for `n` pictures under the recipe's settings."""
    parameters = identity(n, crop_fraction).parameters
    if settings.crop_area < 1.0:
        parameters[:, :4] = [_crop(settings, random) for _ in range(n)]
    if settings.flip:
        parameters[:, 4] = random.random(n) < 0.5
    for column, reach in enumerate((settings.brightness, settings.contrast, settings.saturation), start=5):
        if reach:
            parameters[:, column] = random.uniform(1.0 - reach, 1.0 + reach, n)
    partner, share = np.arange(n, dtype=np.int32), np.ones(n, dtype=np.float32)
    if settings.mixup:
        partner = random.permutation(n).astype(np.int32)
        share = np.maximum(lam := random.beta(settings.mixup, settings.mixup, n), 1.0 - lam).astype(np.float32)
    return Draw(parameters, partner, share)


def _crop(settings: Augment, random: np.random.Generator) -> tuple[float, float, float, float]:
    """Top, left, height, width of a random crop: area uniform, aspect ratio log-uniform (Szegedy et al. 2015)."""
    for _ in range(_TRIES):
        area = random.uniform(settings.crop_area, 1.0)
        ratio = math.exp(random.uniform(-1.0, 1.0) * math.log(settings.crop_ratio))
        height, width = math.sqrt(area / ratio), math.sqrt(area * ratio)
        if height <= 1.0 and width <= 1.0:
            return random.uniform(0.0, 1.0 - height), random.uniform(0.0, 1.0 - width), height, width
    return 0.0, 0.0, 1.0, 1.0


class AugmentLayer(keras.layers.Layer):  # type: ignore[misc]  # keras has no type information
    """(n, S, S, 3) uint8 stored squares and a draw -> (n, N, N, 3) network inputs in the compute dtype.

    `colour` and `mixing` say which parts are in the graph at all. No weights, no state.
    """

    def __init__(self, stored_size: int, input_size: int, *, colour: bool, mixing: bool) -> None:
        super().__init__(name="augment")
        self.stored_size = stored_size
        self.input_size = input_size
        self.colour = colour
        self.mixing = mixing

    def call(self, images: Any, parameters: Any, partner: Any, share: Any) -> Any:
        """Resize with the crop, then colour, then mixing."""
        rows = self._filter(parameters[:, 0], parameters[:, 2])
        columns = self._filter(parameters[:, 1], parameters[:, 3])
        mirrored = ops.reshape(parameters[:, 4], (-1, 1, 1))
        columns = ops.where(mirrored > 0.5, ops.flip(columns, axis=1), columns)
        x = self._resized(ops.cast(images, self.compute_dtype), rows, columns)
        if self.colour:
            x = _recoloured(x, parameters)
        if self.mixing:
            weight = ops.cast(ops.reshape(share, (-1, 1, 1, 1)), x.dtype)
            x = x * weight + ops.take(x, partner, axis=0) * (1.0 - weight)
        return x

    def _filter(self, start: Any, length: Any) -> Any:
        """(n,) shares -> (n, N, S) filter matrices, float32."""
        step = ops.reshape(length, (-1, 1, 1)) * (self.stored_size / self.input_size)
        out = ops.reshape(ops.arange(self.input_size, dtype="float32") + 0.5, (1, -1, 1))
        centre = ops.reshape(start, (-1, 1, 1)) * float(self.stored_size) + out * step
        taps = ops.reshape(ops.arange(self.stored_size, dtype="float32") + 0.5, (1, 1, -1))
        weights = ops.maximum(0.0, 1.0 - ops.abs(taps - centre) / ops.maximum(1.0, step))
        # Outside the crop there is nothing for the filter to see, as in Pillow: neighbours beyond it do not count.
        low = ops.reshape(start, (-1, 1, 1)) * float(self.stored_size)
        high = low + ops.reshape(length, (-1, 1, 1)) * float(self.stored_size)
        weights = weights * ops.cast(ops.logical_and(taps > low, taps < high), "float32")
        return weights / ops.maximum(ops.sum(weights, axis=-1, keepdims=True), 1e-6)

    def _resized(self, x: Any, rows: Any, columns: Any) -> Any:
        """rows (n, N, S) . x (n, S, S, 3) . columns^T, as two batched matrix products."""
        stored, size = self.stored_size, self.input_size
        x = ops.matmul(ops.cast(rows, x.dtype), ops.reshape(x, (-1, stored, stored * 3)))
        x = ops.transpose(ops.reshape(x, (-1, size, stored, 3)), (0, 2, 1, 3))
        x = ops.matmul(ops.cast(columns, x.dtype), ops.reshape(x, (-1, stored, size * 3)))
        return ops.transpose(ops.reshape(x, (-1, size, size, 3)), (0, 2, 1, 3))


def _recoloured(x: Any, parameters: Any) -> Any:
    brightness, contrast, saturation = (
        ops.cast(ops.reshape(parameters[:, column], (-1, 1, 1, 1)), x.dtype) for column in (5, 6, 7)
    )
    x = x * brightness
    mean = ops.mean(_grey(x), axis=(1, 2), keepdims=True)
    x = mean + (x - mean) * contrast
    grey = _grey(x)
    return ops.clip(grey + (x - grey) * saturation, 0.0, 255.0)


def _grey(x: Any) -> Any:
    return ops.sum(x * ops.convert_to_tensor(_GREY, dtype=x.dtype), axis=-1, keepdims=True)
