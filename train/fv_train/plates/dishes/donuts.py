"""One to three donuts: rings of dough, ragged icing on them, sprinkles every way."""

from __future__ import annotations

import math
from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, box, ring, uneven
from fv_train.plates.palette import DOUGH, GARNISH, SAUCE, pick


def _paint(canvas: Canvas, random: Random) -> None:
    count, dough = 1 + int(random.random() * 3), pick(random, DOUGH)
    turn = random.uniform(-math.pi, math.pi)
    for index in range(count):
        angle = turn + 2 * math.pi * index / count
        away, scale = (0.0, random.uniform(1.05, 1.35)) if count == 1 else (0.2 + 0.07 * count, 1.18 - 0.13 * count)
        x, y = round(away * math.cos(angle), 6), round(away * math.sin(angle), 6)
        patch = canvas.patch(x, y, 0.8 * scale)
        patch.solid(ring(0.33 * scale, 0.18 * scale), dough, 0.17 * scale)
        icing = uneven(ring(0.33 * scale, 0.135 * scale), 0.035 * scale, 9 / scale, random.getrandbits(16))
        patch.solid(icing, pick(random, SAUCE), 0.09 * scale)
        for _ in range(int(random.uniform(12, 26))):
            where, middle = random.uniform(-math.pi, math.pi), random.uniform(0.25, 0.41) * scale
            at = (x + round(middle * math.cos(where), 6), y + round(middle * math.sin(where), 6))
            sprinkle = canvas.patch(*at, 0.08, random.uniform(-math.pi, math.pi))
            sprinkle.flat(box(0.034 * scale, 0.013 * scale, 0.012 * scale), pick(random, GARNISH))


DISH = Dish(_paint)
