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

RandAugment (`rand_augment`): a table look-up before the resize; after it one affine map, its outside grey, and
sharpness, a blend with Pillow's 3x3 smoothing.
Colour (each factor 1 + u, u uniform in +-the recipe's value), in this order: brightness v * b; contrast around the
picture's mean grey; saturation around each pixel's grey (ITU-R BT.601 weights); clipped to 0..255.
Mixing: mixup (Zhang et al. 2018, arXiv 1710.09412), v * l + v[partner] * (1 - l); cutmix (Yun et al. 2019, arXiv
1905.04899), a box of the area 1 - l shows the partner, with l made exact after rounding to pixels; labels by l.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from fv_train import rand_augment
from fv_train.rand_augment import PointOperation
from fv_train.recipe import Augment

# Columns of the parameters. top, left, height, width are shares of the stored square's side; shifts are shares of the
# input's side, the rotation is in radians.
FIELDS = (
    *("top", "left", "height", "width", "mirrored", "brightness", "contrast", "saturation"),
    *("rotation", "shear_x", "shear_y", "shift_x", "shift_y", "sharpness"),
)
_NEUTRAL = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "sharpness": 1.0}
# As torchvision's RandomResizedCrop: ten tries for a crop that fits, then the centre.
_TRIES = 10
_GREY = (0.299, 0.587, 0.114)
# What an affine map brings in from outside of the picture: mid grey.
_OUTSIDE = 128.0
# Pillow's ImageFilter.SMOOTH, which its sharpness blends with.
_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], dtype=np.float32) / 13.0


@dataclass(frozen=True)
class Draw:
    """Random numbers for one batch of n pictures.

    `parameters` (n, len(FIELDS)) float32. `partner` (n,) int32 and `share` (n,) float32: share of picture i, and of its
    label; the rest is picture partner[i]. `box` (n, 4) float32: top, left, bottom, right, in pixels of the input, of
    what is shown of the partner (cutmix); an empty one: the pictures are blended (mixup). `points`: each picture's
    point operations, none where RandAugment is off.
    """

    parameters: NDArray[np.float32]
    partner: NDArray[np.int32]
    share: NDArray[np.float32]
    box: NDArray[np.float32]
    points: list[list[PointOperation]]


def identity(n: int, crop_fraction: float = 1.0) -> Draw:
    """The draw that changes nothing but the size: what evaluation sees."""
    start = (1.0 - crop_fraction) / 2.0
    places = {"top": start, "left": start, "height": crop_fraction, "width": crop_fraction, **_NEUTRAL}
    row = np.array([places.get(name, 0.0) for name in FIELDS], dtype=np.float32)
    return Draw(
        parameters=np.tile(row, (n, 1)),
        partner=np.arange(n, dtype=np.int32),
        share=np.ones(n, dtype=np.float32),
        box=np.zeros((n, 4), dtype=np.float32),
        points=[[] for _ in range(n)],
    )


def draw(settings: Augment, random: np.random.Generator, n: int, size: int, crop_fraction: float = 1.0) -> Draw:
    """Random numbers for `n` pictures that become inputs of `size` pixels, under the recipe's settings."""
    plain = identity(n, crop_fraction)
    parameters, partner, share, box, points = (
        plain.parameters,
        plain.partner,
        plain.share,
        plain.box,
        plain.points,
    )
    if settings.crop_area < 1.0:
        parameters[:, :4] = [_crop(settings, random) for _ in range(n)]
    if settings.flip:
        parameters[:, 4] = random.random(n) < 0.5
    for column, reach in enumerate((settings.brightness, settings.contrast, settings.saturation), start=5):
        if reach:
            parameters[:, column] = random.uniform(1.0 - reach, 1.0 + reach, n)
    if settings.rand_operations:
        points = rand_augment.choose(settings, random, parameters, FIELDS)
    if settings.mixup or settings.cutmix:
        partner = _matching(random.permutation(n))
        cut = bool(settings.cutmix) and (not settings.mixup or random.random() < 0.5)
        shape = settings.cutmix if cut else settings.mixup
        share = np.maximum(lam := random.beta(shape, shape, n), 1.0 - lam).astype(np.float32)
        if cut:
            box, share = _boxes(share, random, size)
    return Draw(parameters, partner, share, box, points)


def part_of(whole: Draw, rows: NDArray[np.int64], partner: NDArray[np.int32]) -> Draw:
    """The draw of some pictures of a batch, their partners numbered anew."""
    points = [whole.points[row] for row in rows]
    return Draw(whole.parameters[rows], partner, whole.share[rows], whole.box[rows], points)


def _matching(order: NDArray[np.int64]) -> NDArray[np.int32]:
    """Partners: every two neighbours of a random order have each other, the odd one out has itself.

    Pairs, and not a permutation, so that a batch can be divided among devices with both of each pair on one
    (`distribute.shards`).
    """
    partner = np.arange(len(order), dtype=np.int32)
    even = len(order) // 2 * 2
    partner[order[:even:2]], partner[order[1:even:2]] = order[1:even:2], order[:even:2]
    return partner


def _boxes(
    share: NDArray[np.float32], random: np.random.Generator, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes around uniform centres, cut off at the border, and the share of the picture that they leave."""
    half = size * np.sqrt(1.0 - share) / 2.0
    centre = random.uniform(0.0, size, (2, len(share)))
    low, high = (np.clip(np.round(centre + sign * half), 0, size) for sign in (-1, 1))
    area = np.prod(high - low, axis=0)
    box = np.stack([low[0], low[1], high[0], high[1]], axis=1).astype(np.float32)
    return box, (1.0 - area / size**2).astype(np.float32)


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

    `settings` says which parts are in the graph at all. No weights, no state.
    """

    def __init__(self, stored_size: int, input_size: int, settings: Augment) -> None:
        super().__init__(name="augment")
        self.stored_size = stored_size
        self.input_size = input_size
        self.chosen = bool(settings.rand_operations)
        self.colour = bool(self.chosen or settings.brightness or settings.contrast or settings.saturation)
        self.mixing = bool(settings.mixup or settings.cutmix)

    def call(self, images: Any, parameters: Any, partner: Any, share: Any, box: Any, tables: Any) -> Any:
        """Look up, resize with the crop, move, then colour, then mixing. `tables` (n, 3, 256) uint8."""
        if self.chosen:
            images = _looked_up(images, tables)
        x = self.cropped(images, parameters)
        if self.chosen:
            x = _sharpened(self._moved(x, parameters), parameters)
        if self.colour:
            x = _recoloured(x, parameters)
        if self.mixing:
            weight = ops.cast(self._own_share(share, box), x.dtype)
            x = x * weight + ops.take(x, partner, axis=0) * (1.0 - weight)
        return x

    def cropped(self, images: Any, parameters: Any) -> Any:
        """The crop of each picture at the network's size, mirrored where the draw says; nothing else is changed."""
        rows = self._filter(parameters[:, 0], parameters[:, 2])
        columns = self._filter(parameters[:, 1], parameters[:, 3])
        mirrored = ops.reshape(parameters[:, 4], (-1, 1, 1))
        columns = ops.where(mirrored > 0.5, ops.flip(columns, axis=1), columns)
        return self._resized(ops.cast(images, self.compute_dtype), rows, columns)

    def _own_share(self, share: Any, box: Any) -> Any:
        """(n, N, N, 1) float32: how much of each pixel is the picture's own."""
        at = ops.arange(self.input_size, dtype="float32") + 0.5
        top, left, bottom, right = (ops.reshape(box[:, i], (-1, 1, 1, 1)) for i in range(4))
        row, column = ops.reshape(at, (1, -1, 1, 1)), ops.reshape(at, (1, 1, -1, 1))
        inside = (row > top) & (row < bottom) & (column > left) & (column < right)
        blended = ops.reshape(share, (-1, 1, 1, 1)) * ops.ones_like(row) * ops.ones_like(column)
        return ops.where(bottom > top, 1.0 - ops.cast(inside, "float32"), blended)

    def _moved(self, x: Any, parameters: Any) -> Any:
        """Rotated, sheared and shifted around the centre; every output pixel is read from where the map says."""
        turn, shear_x, shear_y, shift_x, shift_y = (
            parameters[:, FIELDS.index(name)] for name in ("rotation", "shear_x", "shear_y", "shift_x", "shift_y")
        )
        cos, sin = ops.cos(turn), ops.sin(turn)
        # (rotation) . (1 shear_x; shear_y 1)
        xx, xy = cos - sin * shear_y, cos * shear_x - sin
        yx, yy = sin + cos * shear_y, sin * shear_x + cos
        centre, side = (self.input_size - 1) / 2.0, float(self.input_size)
        x0 = centre - centre * (xx + xy) + side * shift_x
        y0 = centre - centre * (yx + yy) + side * shift_y
        zero = ops.zeros_like(turn)
        transform = ops.stack([xx, xy, x0, yx, yy, y0, zero, zero], axis=1)
        moved = ops.image.affine_transform(
            ops.cast(x, "float32"), transform, "bilinear", "constant", _OUTSIDE, data_format="channels_last"
        )
        return ops.cast(moved, x.dtype)

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


def _looked_up(images: Any, tables: Any) -> Any:
    """(n, S, S, 3) with every value replaced by its entry in (n, 3, 256)."""
    n_values = images.shape[1] * images.shape[2] * 3
    index = ops.cast(images, "int32") + ops.convert_to_tensor(np.array([0, 256, 512], dtype=np.int32))
    flat = ops.take_along_axis(ops.reshape(tables, (-1, 768)), ops.reshape(index, (-1, n_values)), axis=1)
    return ops.reshape(flat, (-1, *images.shape[1:]))


def _sharpened(x: Any, parameters: Any) -> Any:
    factor = ops.cast(ops.reshape(parameters[:, FIELDS.index("sharpness")], (-1, 1, 1, 1)), x.dtype)
    kernel = ops.convert_to_tensor(np.repeat(_SMOOTH[:, :, None, None], 3, axis=2), dtype=x.dtype)
    padded = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    smooth = ops.depthwise_conv(padded, kernel, padding="valid", data_format="channels_last")
    return ops.clip(smooth + factor * (x - smooth), 0.0, 255.0)


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
