"""Folded crescents with pleats, in a ring around a small bowl of dip."""

from __future__ import annotations

import math
from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, box, disc, ellipse, intersection, moved, without
from fv_train.plates.palette import DOUGH, PLATE, SAUCE, jitter, pick, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    dough, count, away = pick(random, DOUGH), 5 + int(random.random() * 3), random.uniform(0.5, 0.55)
    turn = random.uniform(-math.pi, math.pi)
    for index in range(count):
        angle = turn + 2 * math.pi * index / count + random.uniform(-0.08, 0.08)
        x, y = round(away * math.cos(angle), 6), round(away * math.sin(angle), 6)
        fold = canvas.patch(x, y, 0.4, angle + math.pi / 2 + random.uniform(-0.45, 0.45))
        size, colour = random.uniform(0.2, 0.23), jitter(random, dough, 0.04)
        folded = without(ellipse(size * 1.12, size * 0.72), moved(ellipse(size * 1.1, size * 0.6), 0, size * 0.85))
        fold.solid(folded, colour, 0.1)
        for pleat in range(5):
            u = (pleat - 2) * size * 0.36
            up = size * (0.1 * abs(pleat - 2) - 0.5)
            fold.flat(intersection(folded, moved(box(0.012, 0.06, 0.01), u, up)), scaled(colour, 0.55), 0.9)
    dip = canvas.patch(0, 0, 0.5)
    dip.solid(disc(0.23), pick(random, PLATE, 0.04), 0.05)
    dip.flat(disc(0.17), pick(random, SAUCE))
    dip.flat(moved(disc(0.03), 0.06 * dip.light[0], 0.06 * dip.light[1]), (1.0, 1.0, 1.0), 0.5)


DISH = Dish(_paint)
