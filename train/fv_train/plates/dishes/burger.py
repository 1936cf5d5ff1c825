"""A burger seen from the side: a domed bun with seeds, frilled leaf, patty, cheese corners, a flat bun."""

from __future__ import annotations

from random import Random

from fv_train.plates.dish import Dish
from fv_train.plates.paint import Canvas, box, disc, ellipse, intersection, leaf, moved, noise, uneven
from fv_train.plates.palette import DOUGH, GARNISH, GOLDEN, SAUCE, favour, pick, scaled


def _paint(canvas: Canvas, random: Random) -> None:
    bun, half = favour(random, 0.45, GOLDEN, DOUGH), random.uniform(0.46, 0.58)
    patch = canvas.patch(0, 0, 1.1)
    seed = random.getrandbits(16)
    patch.solid(moved(box(half * 0.94, 0.11, 0.09), 0, 0.42), scaled(bun, 0.9), 0.08)
    y = 0.3
    for _ in range(1 + int(random.random() * 2)):
        grain = 0.7 + 0.5 * noise(patch.u, patch.v, 20, seed)
        patch.solid(moved(box(half, 0.075, 0.06), 0, y), scaled(pick(random, SAUCE), 0.55), 0.05, grain)
        cheese = pick(random, GARNISH)
        patch.solid(moved(box(half * 1.02, 0.022, 0.01), 0, y - 0.09), cheese, 0.02)
        corner = random.uniform(-half * 0.6, half * 0.6)
        patch.flat(intersection(moved(leaf(0.2, 0.13), corner, y - 0.08), moved(box(1, 0.2), 0, y + 0.12)), cheese)
        patch.solid(
            uneven(moved(box(half * 1.08, 0.04, 0.03), 0, y - 0.15), 0.035, 11, seed + 3), pick(random, GARNISH), 0.03
        )
        y -= 0.2
    dome = intersection(
        moved(ellipse(half * 1.02, random.uniform(0.36, 0.46)), 0, y + 0.02), moved(box(1, 0.5), 0, y - 0.48)
    )
    patch.solid(dome, bun, 0.16)
    for _ in range(int(random.uniform(9, 18))):
        x, up = random.uniform(-half * 0.65, half * 0.65), random.uniform(0.1, 0.28)
        grain_patch = canvas.patch(x, y - up, 0.08, random.uniform(-1, 1))
        grain_patch.solid(ellipse(0.034, 0.018), scaled(bun, 1.45), 0.02)
    if random.random() < 0.3:
        patch.solid(moved(box(0.012, 0.22, 0.01), 0, y - 0.48), (0.75, 0.6, 0.4), 0.02)
        patch.solid(moved(disc(0.06), 0, y - 0.62), pick(random, GARNISH), 0.05)


DISH = Dish(_paint, from_above=False)
