"""A stack of pancakes seen from the front: wide flat ellipses, butter on top, syrup over the edge."""

from __future__ import annotations

from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, box, disc, ellipse, moved, noise, uneven
from fv_train.plates.palette import DOUGH, GARNISH, GOLDEN, SAUCE, favour, jitter, pick, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    dough, layers = favour(random, 0.45, GOLDEN, DOUGH), 3 + int(random.random() * 4)
    width, step = random.uniform(0.52, 0.64), random.uniform(0.11, 0.145)
    top = 0.44 - step * layers
    for layer in range(layers):
        y = 0.44 - step * layer
        half = width * random.uniform(0.94, 1.04)
        cake = canvas.patch(random.uniform(-0.04, 0.04), y, 0.9)
        cake.solid(moved(ellipse(half, 0.2), 0, step * 0.45), scaled(dough, 0.62), 0.06)
        cake.solid(ellipse(half, 0.19), jitter(random, dough, 0.03), 0.07)
    face = canvas.patch(0, top + step, 0.9)
    grain = 0.86 + 0.26 * noise(face.u, face.v * 2, 7, random.getrandbits(16))
    face.solid(ellipse(width * 0.9, 0.15), scaled(dough, 0.82), 0.04, grain)
    syrup = pick(random, SAUCE)
    face.solid(uneven(ellipse(width * 0.62, 0.1), 0.05, 5, random.getrandbits(16)), syrup, 0.04)
    for _ in range(2 + int(random.random() * 3)):
        x = random.uniform(-width * 0.7, width * 0.7)
        length = random.uniform(0.08, 0.2)
        face.solid(moved(box(0.032, length, 0.03), x, 0.1 + length), syrup, 0.03)
    if random.random() < 0.6:
        face.solid(moved(box(0.11, 0.065, 0.02), 0, -0.05), pick(random, GARNISH), 0.04)
    else:
        for x in (-0.13, 0.0, 0.13):
            face.solid(moved(disc(0.075), x, -0.06), pick(random, GARNISH), 0.07)


DISH = Dish(_paint, from_above=False)
