"""A heap of pointed leaves with ribs, lying every way, and a few slices among them."""

from __future__ import annotations

import math
from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, box, disc, leaf, uneven
from fv_train.plates.palette import GARNISH, LEAF, SAUCE, favour, jitter, pick, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    first, second = favour(random, 0.5, LEAF, GARNISH), pick(random, SAUCE)
    count = int(random.uniform(26, 38))
    for index in range(count):
        away, angle = 0.62 * math.sqrt(1 - index / count), random.uniform(-math.pi, math.pi)
        x, y = round(away * math.cos(angle), 6), round(away * math.sin(angle), 6)
        blade = canvas.patch(x, y, 0.45, random.uniform(-math.pi, math.pi))
        length, colour = random.uniform(0.2, 0.32), jitter(random, first if random.random() < 0.65 else second, 0.09)
        outline = uneven(leaf(length, length * random.uniform(0.36, 0.5)), 0.025, 14, random.getrandbits(16))
        blade.solid(outline, colour, 0.05)
        blade.flat(box(length * 0.85, 0.011), scaled(colour, 1.35), 0.8)
    slice_colour = pick(random, GARNISH)
    for _ in range(int(random.uniform(2, 6))):
        angle, away = random.uniform(-math.pi, math.pi), random.uniform(0.1, 0.5)
        piece = canvas.patch(round(away * math.cos(angle), 6), round(away * math.sin(angle), 6), 0.25)
        piece.solid(disc(0.1), slice_colour, 0.05)
        piece.flat(disc(0.06), scaled(slice_colour, 1.25), 0.7)


DISH = Dish(_paint)
