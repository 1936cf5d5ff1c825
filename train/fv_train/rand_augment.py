"""RandAugment (Cubuk et al. 2019, arXiv 1909.13719): a few operations on every picture, one strength for all.

Each of `rand_operations` draws is one of the paper's fourteen with equal chance; strengths at magnitude m of 10 are
those of torchvision's `RandAugment`, signs by a fair coin:

    rotate +-30 m/10 degrees    shear +-0.3 m/10    translate +-0.45 m/10 of the side
    brightness, contrast, colour, sharpness: factor 1 +- 0.9 m/10
    posterize to 8 - round(4 m/10) bits    solarize from 256 (1 - m/10) on    autocontrast, equalize, identity

Three kinds of work follow, and so the operations of one picture run in this order, whatever order they were drawn in:
- *Point* operations are tables of 256 values a channel. They depend on the picture through its histogram only, so the
  host makes them (`table`), exactly as Pillow does, and the step looks up.
- rotate, shear and translate are one affine map, colour and sharpness are blends: columns of the step's parameters.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fv_train.recipe import Augment

POINT = ("autocontrast", "equalize", "solarize", "posterize", "contrast", "brightness")
# Operation -> the column of the step's parameters that it changes, and by how much at most.
_ADDED = {
    "rotate": ("rotation", math.radians(30.0)),
    "shear_x": ("shear_x", 0.3),
    "shear_y": ("shear_y", 0.3),
    "translate_x": ("shift_x", 0.45),
    "translate_y": ("shift_y", 0.45),
}
_MULTIPLIED = {"color": "saturation", "sharpness": "sharpness"}
OPERATIONS = ("identity", *POINT, *_ADDED, *_MULTIPLIED)
_FACTOR_REACH = 0.9
_LARGEST = 10.0
# Those that depend on the picture; the others' tables are the same for all.
_SEE_THE_PICTURE = ("autocontrast", "equalize", "contrast")
_NO_COUNTS = np.zeros((3, 256), dtype=np.int64)
_IDENTITY = np.tile(np.arange(256, dtype=np.uint8), (3, 1))
# ITU-R BT.601, as Pillow's mode L.
_GREY = np.array([0.299, 0.587, 0.114])

PointOperation = tuple[str, float]


def choose(
    settings: Augment, random: np.random.Generator, parameters: NDArray[np.float32], fields: tuple[str, ...]
) -> list[list[PointOperation]]:
    """Draw operations for each row of `parameters` (n, len(fields)), change its columns, and return its point
    operations with their strength (a factor, a threshold, a number of bits; 0 where there is none)."""
    share = settings.rand_magnitude / _LARGEST
    points: list[list[PointOperation]] = []
    for row in parameters:
        own: list[PointOperation] = []
        for index in random.integers(0, len(OPERATIONS), settings.rand_operations):
            name = OPERATIONS[index]
            sign = 1.0 if random.random() < 0.5 else -1.0
            if name in _ADDED:
                column, reach = _ADDED[name]
                row[fields.index(column)] += sign * reach * share
            elif name in _MULTIPLIED:
                row[fields.index(_MULTIPLIED[name])] *= 1.0 + sign * _FACTOR_REACH * share
            elif name in POINT:
                own.append((name, _strength(name, sign, share)))
        points.append(own)
    return points


def tables(images: NDArray[np.uint8], points: list[list[PointOperation]]) -> NDArray[np.uint8]:
    """(n, 3, 256): `table` of each picture of (n, S, S, 3)."""
    return np.stack([table(image, own) if own else _IDENTITY for image, own in zip(images, points, strict=True)])


def table(image: NDArray[np.uint8], operations: list[PointOperation]) -> NDArray[np.uint8]:
    """(3, 256) uint8: what each value of each channel of `image` (S, S, 3) becomes under `operations`, in order."""
    found, now = _IDENTITY, _NO_COUNTS
    counts = _histogram(image) if any(name in _SEE_THE_PICTURE for name, _ in operations) else _NO_COUNTS
    for name, strength in operations:
        if name in _SEE_THE_PICTURE:
            now = np.stack([np.bincount(found[c], weights=counts[c], minlength=256) for c in range(3)]).astype(np.int64)
        step = _step(name, strength, now)
        found = np.take_along_axis(step, found.astype(np.intp), axis=1)
    return found


def _histogram(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(3, 256) counts of each channel's values; Pillow's loop takes a quarter of the time of three `np.bincount`."""
    return np.array(Image.fromarray(np.ascontiguousarray(image)).histogram(), dtype=np.int64).reshape(3, 256)


def _strength(name: str, sign: float, share: float) -> float:
    if name == "solarize":
        return 256.0 * (1.0 - share)
    if name == "posterize":
        return 8.0 - round(4.0 * share)
    if name in ("contrast", "brightness"):
        return 1.0 + sign * _FACTOR_REACH * share
    return 0.0


def _step(name: str, strength: float, counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(3, 256): one operation on a picture with these `counts` (3, 256) of values, asked by `_SEE_THE_PICTURE`."""
    values = np.arange(256, dtype=np.float64)
    if name == "autocontrast":
        return np.stack([_stretched(channel) for channel in counts])
    if name == "equalize":
        return np.stack([_equalized(channel) for channel in counts])
    if name == "solarize":
        one = np.where(values < strength, values, 255.0 - values)
    elif name == "posterize":
        one = np.floor(values / 2 ** (8 - strength)) * 2 ** (8 - strength)
    else:
        # Pillow's ImageEnhance: a blend with black, or with the picture's rounded mean grey.
        centre = float(int(_mean_grey(counts) + 0.5)) if name == "contrast" else 0.0
        one = np.clip(centre + strength * (values - centre), 0.0, 255.0)
    return np.tile(one.astype(np.uint8), (3, 1))


def _mean_grey(counts: NDArray[np.int64]) -> float:
    return float(_GREY @ (counts @ np.arange(256) / counts.sum(axis=1)))


def _stretched(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """`ImageOps.autocontrast`: the smallest value there is becomes 0, the largest 255."""
    there = np.flatnonzero(counts)
    low, high = int(there[0]), int(there[-1])
    if high <= low:
        return np.array(_IDENTITY[0])
    scale = 255.0 / (high - low)
    return np.array(np.clip((np.arange(256) * scale - low * scale).astype(np.int64), 0, 255), dtype=np.uint8)


def _equalized(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """`ImageOps.equalize`: values spread so that their cumulated counts rise evenly."""
    there = counts[counts > 0]
    step = int(there.sum() - there[-1]) // 255
    if len(there) <= 1 or not step:
        return np.array(_IDENTITY[0])
    before = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.array(np.minimum((step // 2 + before) // step, 255), dtype=np.uint8)
