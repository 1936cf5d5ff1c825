"""A nest of long strands, some sauce in the middle, sometimes balls on top."""

from __future__ import annotations

import math
from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, disc, given, intersection, moved, noise, ring, uneven
from fv_train.plates.palette import CREAM, DOUGH, GARNISH, SAUCE, TOMATO, favour, jitter, pick, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    pasta, seed, size = favour(random, 0.5, CREAM, DOUGH), random.getrandbits(16), random.uniform(0.64, 0.76)
    nest = uneven(disc(size), 0.06, 3, seed)
    whole = canvas.patch(0, 0, 0.95)
    whole.solid(nest, scaled(pasta, 0.55), 0.2)
    edge = given(nest(whole.u, whole.v))
    for _ in range(30):
        angle, away, bend = random.uniform(-math.pi, math.pi), random.uniform(0, 0.55), random.uniform(0.16, 0.6)
        middle = (round(away * math.cos(angle), 6), round(away * math.sin(angle), 6))
        line = given(intersection(edge, moved(ring(bend, 0.022), *middle))(whole.u, whole.v))
        whole.shadow(line, 0.02, 0.35)
        whole.flat(line, jitter(random, pasta, 0.05))
    sauce = favour(random, 0.4, TOMATO, SAUCE)
    spill = uneven(disc(random.uniform(0.16, 0.28)), 0.12, 5, seed + 1)
    whole.solid(spill, sauce, 0.06, 0.8 + 0.4 * noise(whole.u, whole.v, 14, seed))
    for _ in range(int(random.random() * 5)):
        ball = canvas.patch(random.uniform(-0.25, 0.25), random.uniform(-0.25, 0.25), 0.25)
        ball.solid(disc(random.uniform(0.08, 0.12)), scaled(pick(random, GARNISH), 0.7), 0.09)


DISH = Dish(_paint)
