"""One to three fried eggs: a ragged flat white, a raised glossy yolk."""

from __future__ import annotations

import math
from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, disc, moved, shrunk, uneven
from fv_train.plates.palette import CREAM, DOUGH, GARNISH, YOLK, favour, mixed, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    count = 1 + int(random.random() * 3)
    white = mixed(favour(random, 0.5, CREAM, DOUGH), (1.0, 1.0, 0.98), 0.45)
    yolk = favour(random, 0.6, YOLK, GARNISH)
    turn = random.uniform(-math.pi, math.pi)
    for index in range(count):
        away = 0.0 if count == 1 else 0.34
        angle = turn + 2 * math.pi * index / count
        x, y = round(away * math.cos(angle), 6), round(away * math.sin(angle), 6)
        size = random.uniform(0.46, 0.58) if count == 1 else random.uniform(0.3, 0.37)
        egg = canvas.patch(x, y, 0.8)
        outline = uneven(disc(size), 0.1, 4.5, random.getrandbits(16))
        egg.solid(outline, scaled(white, 0.8), 0.03)
        egg.flat(shrunk(outline, 0.03), white)
        middle = (random.uniform(-0.06, 0.06), random.uniform(-0.06, 0.06))
        egg.solid(moved(disc(size * 0.42), *middle), yolk, size * 0.3)
        shine = (middle[0] + egg.light[0] * size * 0.18, middle[1] + egg.light[1] * size * 0.18)
        egg.flat(moved(disc(size * 0.08), *shine), (1.0, 1.0, 1.0), 0.75)
    for _ in range(int(random.uniform(6, 26))):
        pepper = canvas.patch(random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5), 0.1)
        pepper.flat(disc(0.014), (0.15, 0.13, 0.12), 0.8)


DISH = Dish(_paint)
