"""One or two waffles: a grid of deep pockets, round or square, sometimes with berries."""

from __future__ import annotations

from random import Random

import numpy as np

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, Field, Shape, box, disc, uneven
from fv_train.plates.palette import DOUGH, GARNISH, GOLDEN, SAUCE, favour, pick, scaled


def _pockets(pitch: float) -> Shape:
    """Square holes, one every `pitch`."""

    def distance(u: Field, v: Field) -> Field:
        p, q = u / np.float32(pitch), v / np.float32(pitch)
        p, q = np.abs(p - np.floor(p) - np.float32(0.5)), np.abs(q - np.floor(q) - np.float32(0.5))
        return np.asarray((np.maximum(p, q) - np.float32(0.3)) * np.float32(pitch))

    return distance


def _paint(canvas: Canvas, random: Random) -> None:
    dough = favour(random, 0.45, GOLDEN, DOUGH)
    pair = random.random() < 0.35
    for place in (-0.2, 0.22) if pair else (0.0,):
        half = random.uniform(0.42, 0.46) if pair else random.uniform(0.58, 0.66)
        patch = canvas.patch(place, place, 1.0, random.uniform(-0.25, 0.25))
        outline = uneven(disc(half * 1.1) if random.random() < 0.5 else box(half, half, 0.1), 0.015, 6, 7)
        patch.solid(outline, dough, 0.07)
        pockets = _pockets(random.uniform(0.23, 0.28))
        inside = np.clip(-(outline(patch.u, patch.v) + 0.05) * 40, 0, 1)
        hole = pockets(patch.u, patch.v)
        lit = pockets(patch.u - 0.03 * patch.light[0], patch.v - 0.03 * patch.light[1])
        patch.blend(patch.cover(hole) * inside, scaled(dough, 0.48))
        patch.blend(patch.cover(np.maximum(lit, hole)) * inside, scaled(dough, 0.72))
    top = canvas.patch(0, 0, 0.6)
    if random.random() < 0.5:
        top.solid(uneven(disc(0.18), 0.05, 6, random.getrandbits(16)), pick(random, SAUCE), 0.06)
    for _ in range(int(random.random() * 6)):
        berry = canvas.patch(random.uniform(-0.3, 0.3), random.uniform(-0.3, 0.3), 0.2)
        berry.solid(disc(0.065), pick(random, GARNISH), 0.06)


DISH = Dish(_paint)
