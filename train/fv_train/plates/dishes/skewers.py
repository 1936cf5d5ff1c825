"""Two to four parallel sticks with chunks threaded on them."""

from __future__ import annotations

from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, box, noise
from fv_train.plates.palette import DOUGH, GARNISH, SAUCE, jitter, pick, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    sticks, chunks = 2 + int(random.random() * 3), 5 + int(random.random() * 2)
    kinds = (scaled(pick(random, SAUCE), 0.8), pick(random, GARNISH), pick(random, GARNISH))
    wood, gap = scaled(pick(random, DOUGH), 0.9), random.uniform(0.3, 0.36)
    for stick in range(sticks):
        y = (stick - (sticks - 1) / 2) * gap + random.uniform(-0.02, 0.02)
        shift = random.uniform(-0.05, 0.05)
        canvas.patch(shift, y, 1.1).solid(box(0.86, 0.017, 0.015), wood, 0.02)
        for chunk in range(chunks):
            x = shift + (chunk - (chunks - 1) / 2) * 0.21
            kind = (chunk + stick) % 3
            piece = canvas.patch(x, y, 0.25, random.uniform(-0.2, 0.2))
            grain = 0.8 + 0.35 * noise(piece.u, piece.v, 16, random.getrandbits(16))
            wide = 0.05 if kind == 1 else 0.09
            colour = jitter(random, kinds[kind], 0.05)
            piece.solid(box(wide, random.uniform(0.1, 0.13), 0.04), colour, 0.05, grain)


DISH = Dish(_paint)
