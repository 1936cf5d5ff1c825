"""A deep bowl filled with one liquid: a spiral of cream, square croutons."""

from __future__ import annotations

import math
from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, box, disc, noise, ring
from fv_train.plates.palette import DOUGH, PLATE, SAUCE, mixed, pick, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    bowl, liquid, radius = pick(random, PLATE, 0.04), pick(random, SAUCE), random.uniform(0.6, 0.72)
    patch = canvas.patch(0, 0, 1.0)
    patch.solid(disc(radius + 0.1), bowl, 0.09)
    patch.flat(disc(radius), scaled(bowl, 0.6))
    patch.flat(disc(radius - 0.035), liquid)
    waves = noise(patch.u, patch.v, 5, random.getrandbits(16))
    patch.blend(patch.cover(disc(radius - 0.035)(patch.u, patch.v)) * waves * 0.35, scaled(liquid, 0.7))
    patch.flat(ring(radius - 0.07, 0.012), scaled(liquid, 1.3), 0.5)
    cream = mixed(pick(random, SAUCE), (1.0, 0.98, 0.92), 0.55)
    turn = random.uniform(-math.pi, math.pi)
    for step in range(115):
        angle, away = turn + 0.13 * step, 0.04 + 0.0034 * step
        drop = canvas.patch(round(away * math.cos(angle), 6), round(away * math.sin(angle), 6), 0.05)
        drop.flat(disc(0.034), cream, 0.5)
    bread = pick(random, DOUGH)
    for _ in range(int(random.uniform(4, 10))):
        angle, away = random.uniform(-math.pi, math.pi), random.uniform(0.12, radius - 0.2)
        x, y = round(away * math.cos(angle), 6), round(away * math.sin(angle), 6)
        crouton = canvas.patch(x, y, 0.2, random.uniform(-math.pi, math.pi))
        side = random.uniform(0.06, 0.085)
        crouton.solid(box(side, side, 0.015), bread, 0.035)


DISH = Dish(_paint)
