"""A round pizza: a raised crust, straight cuts through the middle, slices of topping."""

from __future__ import annotations

import math
from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, box, disc, intersection, noise, ring, uneven
from fv_train.plates.palette import DOUGH, GARNISH, GOLDEN, SAUCE, TOMATO, favour, mixed, pick, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    crust, sauce = favour(random, 0.45, GOLDEN, DOUGH), favour(random, 0.45, TOMATO, SAUCE)
    radius, seed = random.uniform(0.66, 0.8), random.getrandbits(16)
    patch = canvas.patch(0, 0, 0.95)
    patch.solid(uneven(disc(radius), 0.03, 4, seed), crust, 0.12)
    middle = disc(radius - 0.09)
    patch.flat(uneven(middle, 0.02, 6, seed), sauce)
    cheese = noise(patch.u, patch.v, 7, seed + 1)
    patch.blend(patch.cover(middle(patch.u, patch.v)) * cheese, mixed(sauce, pick(random, DOUGH), 0.6))
    topping, count = pick(random, GARNISH), int(random.uniform(8, 14))
    for index in range(count):
        angle, away = 2.4 * index, (radius - 0.2) * math.sqrt((index + 0.5) / count)
        spot = canvas.patch(round(away * math.cos(angle), 6), round(away * math.sin(angle), 6), 0.2)
        spot.solid(disc(random.uniform(0.07, 0.1)), topping, 0.03)
    cuts = 3 if random.random() < 0.5 else 4
    for cut in range(cuts):
        line = canvas.patch(0, 0, 0.95, math.pi * cut / cuts)
        line.flat(intersection(box(radius, 0.017), disc(radius)), scaled(crust, 0.35), 0.9)
    patch.flat(ring(radius - 0.05, 0.01), scaled(crust, 1.15), 0.4)


DISH = Dish(_paint)
