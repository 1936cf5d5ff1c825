"""The scene around a dish: table, plate, cutlery, light, lens. `draw` puts them together."""

from __future__ import annotations

import hashlib
import math
from random import Random

import numpy as np
from numpy.typing import NDArray

from fv_core.registry import Registry
from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, Field, Pose, box, disc, ellipse, moved, noise, ring, without
from fv_train.plates.palette import PLATE, TABLE, pick, scaled

DISHES: Registry[Dish] = Registry("fv_train.plates.dishes", "DISH", "dish")
# Sorted, as the names of folders would be; the index is the label.
CLASSES: tuple[str, ...] = tuple(DISHES.names())
NATURAL_SIZE = 96
_LARGEST_SIZE = 1024


def seed_of(split: str, label: int, index: int) -> int:
    """The seed of picture `index` of class `label` in `split`: no two splits share a picture."""
    return int.from_bytes(hashlib.sha256(f"plates/{split}/{label}/{index}".encode()).digest()[:8], "big")


def draw(label: int, seed: int, size: int = NATURAL_SIZE) -> NDArray[np.uint8]:
    """Draw the plate `seed` of class `label`: (size, size, 3) uint8 RGB, the same bytes on every machine.

    Raises `ValueError` for a label outside of `CLASSES` or a size outside of 8..1024.
    """
    if not 0 <= label < len(CLASSES) or not 8 <= size <= _LARGEST_SIZE:
        raise ValueError(f"label {label} of {len(CLASSES)}, size {size} (8 to {_LARGEST_SIZE})")
    random = Random(f"{label}/{seed}")  # a string seeds through SHA-512, the same on every Python 3
    dish = DISHES.get(CLASSES[label])
    turn = random.uniform(-math.pi, math.pi) if dish.from_above else random.uniform(-0.3, 0.3)
    pose = Pose(random.uniform(-0.1, 0.1), random.uniform(-0.1, 0.1), random.uniform(0.92, 1.16), turn)
    sun = random.uniform(-math.pi, math.pi)
    canvas = Canvas(size, pose, (round(math.cos(sun), 6), round(math.sin(sun), 6)))
    _table(canvas, random)
    _plate(canvas, random, dish.from_above)
    dish.paint(canvas, random)
    if random.random() < 0.4:
        _cutlery(canvas, random)
    _light(canvas, random)
    return _lens(canvas.rgb, random)


def _table(canvas: Canvas, random: Random) -> None:
    patch = canvas.whole(random.uniform(-math.pi, math.pi))
    first = pick(random, TABLE)
    patch.blend(np.ones_like(patch.u), first)
    kind, seed, steps = random.random(), random.getrandbits(16), random.uniform(2.5, 5.0)
    if kind < 0.4:  # planks: grain along u, a dark joint between two
        grain = noise(patch.u, patch.v * np.float32(9), 2.0, seed)
        patch.dim(np.float32(0.82) + np.float32(0.3) * grain)
        offset = patch.v * np.float32(steps / 2)
        joint = np.abs(offset - np.floor(offset) - np.float32(0.5))
        patch.blend(np.clip((np.float32(0.03) - joint) * 40, 0, 1) * np.float32(0.5), scaled(first, 0.4))
    elif kind < 0.65:  # a checked cloth
        for field in (patch.u, patch.v):
            wave = field * np.float32(steps)
            patch.blend((wave - np.floor(wave) < 0.5) * np.float32(0.28), pick(random, TABLE))
    else:  # stone
        speckle = noise(patch.u, patch.v, 22.0, seed) * np.float32(0.16) + noise(patch.u, patch.v, 3.0, seed)
        patch.dim(np.float32(0.85) + np.float32(0.18) * speckle)


def _plate(canvas: Canvas, random: Random, from_above: bool) -> None:
    colour, rim = pick(random, PLATE, 0.04), random.uniform(0.62, 0.74)
    if not from_above:
        patch = canvas.patch(0.0, 0.42, 1.3)
        patch.solid(ellipse(0.92, 0.42), colour, 0.05)
        patch.flat(ellipse(0.66, 0.25), scaled(colour, 0.92), 0.7)
        return
    patch = canvas.patch(0.0, 0.0, 1.3)
    shape = disc(0.92) if random.random() < 0.75 else box(0.86, 0.86, 0.25)
    patch.shadow(shape, 0.12, 0.45)
    patch.solid(shape, colour, 0.05)
    patch.flat(ring(rim, 0.018), scaled(colour, 0.82), 0.8)
    if random.random() < 0.35:
        patch.flat(ring(random.uniform(0.82, 0.87), 0.015), pick(random, TABLE), 0.9)


def _cutlery(canvas: Canvas, random: Random) -> None:
    side = 1.0 if random.random() < 0.5 else -1.0
    away = random.uniform(0.66, 0.96)
    patch = canvas.patch(side * away, random.uniform(-0.2, 0.2), 1.4, random.uniform(-0.5, 0.5) + math.pi / 2)
    steel = pick(random, ((0.78, 0.79, 0.81), (0.70, 0.66, 0.58), (0.60, 0.42, 0.25), (0.25, 0.24, 0.24)), 0.05)
    kind = random.random()
    if kind < 0.4:  # chopsticks
        for shift in (-0.05, 0.05):
            patch.solid(moved(box(0.85, 0.022, 0.02), 0.1, shift), steel, 0.03)
    elif kind < 0.7:  # a knife
        patch.solid(moved(box(0.35, 0.045, 0.04), 0.45, 0), scaled(steel, 0.7), 0.04)
        patch.solid(moved(box(0.42, 0.06, 0.05), -0.3, 0), steel, 0.03)
    else:  # a fork
        patch.solid(moved(box(0.5, 0.03, 0.03), 0.3, 0), steel, 0.03)
        head = moved(box(0.2, 0.09, 0.05), -0.35, 0)
        for gap in (-0.035, 0.035):
            head = without(head, moved(box(0.14, 0.013), -0.45, gap))
        patch.solid(head, steel, 0.03)


def _light(canvas: Canvas, random: Random) -> None:
    """A slope of brightness over the picture, a colour cast, contrast and exposure."""
    patch = canvas.whole(random.uniform(-math.pi, math.pi))
    slope = 1 + np.float32(random.uniform(0.0, 0.28)) * patch.u
    cast = np.array([random.uniform(0.88, 1.1), random.uniform(0.94, 1.05), random.uniform(0.84, 1.1)], np.float32)
    exposure, contrast = random.uniform(0.78, 1.16), random.uniform(0.85, 1.12)
    lit = canvas.rgb * slope * (cast * np.float32(exposure))[:, None, None]
    canvas.rgb[...] = (lit - np.float32(0.45)) * np.float32(contrast) + np.float32(0.45)


def _lens(rgb: Field, random: Random) -> NDArray[np.uint8]:
    """(3, h, w) float to (h, w, 3) bytes: up to two passes of a 1-2-1 blur (more on larger pictures), then noise."""
    size = rgb.shape[1]
    for _ in range(int(random.random() * 2.3) * max(1, size // NATURAL_SIZE) ** 2):
        rgb = _binomial(_binomial(rgb, 1), 2)
    strength = np.float32(random.uniform(0.0, 0.06))
    # The sum of two bytes: a triangular spread around 255.
    pairs = np.frombuffer(random.randbytes(2 * rgb.size), dtype=np.uint8).reshape(2, *rgb.shape)
    levels = rgb * 255 + strength * (pairs[0].astype(np.float32) + pairs[1] - 255)
    return np.ascontiguousarray(np.clip(np.floor(levels + np.float32(0.5)), 0, 255).astype(np.uint8).transpose(1, 2, 0))


def _binomial(rgb: Field, axis: int) -> Field:
    """One pass of 1-2-1 along `axis`; the border repeats."""
    lines = np.moveaxis(rgb, axis, 0)
    padded = np.concatenate([lines[:1], lines, lines[-1:]])
    return np.moveaxis((padded[:-2] + padded[2:]) * np.float32(0.25) + lines * np.float32(0.5), 0, axis)
