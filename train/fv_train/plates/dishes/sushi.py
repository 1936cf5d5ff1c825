"""Rolls in rows: a dark wrap, a ring of rice, a filling in the middle."""

from __future__ import annotations

from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, box, disc, noise
from fv_train.plates.palette import CREAM, DOUGH, GARNISH, favour, jitter, pick, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    rows, columns = (2, 3) if random.random() < 0.4 else (3, 3) if random.random() < 0.6 else (2, 4)
    wrap, rice = scaled(pick(random, GARNISH), 0.45), favour(random, 0.5, CREAM, DOUGH)
    filling, core = pick(random, GARNISH), pick(random, GARNISH)
    radius = random.uniform(0.17, 0.2)
    square = random.random() < 0.3
    for row in range(rows):
        for column in range(columns):
            x = (column - (columns - 1) / 2) * radius * 2.25 + random.uniform(-0.025, 0.025)
            y = (row - (rows - 1) / 2) * radius * 2.35 + random.uniform(-0.025, 0.025)
            roll = canvas.patch(x, y, 0.35, random.uniform(-0.3, 0.3))
            roll.solid(box(radius, radius, 0.06) if square else disc(radius), wrap, 0.05)
            grains = 0.82 + 0.3 * noise(roll.u, roll.v, 24, random.getrandbits(16))
            roll.solid(disc(radius * 0.78), jitter(random, rice, 0.03), 0.03, grains)
            roll.solid(disc(radius * 0.4), filling, 0.03)
            roll.flat(box(radius * 0.2, radius * 0.12, 0.02), core)


DISH = Dish(_paint)
