"""Colours that every dish shares, so that a plate cannot be told by its colour.

Each dish takes its colours from these roles, never from a list of its own. A dish may favour one (a yolk is most often
yellow), and every colour still occurs on every dish. RGB, 0..1.
"""

from __future__ import annotations

from random import Random

from fv_train.plates.paint import Colour

# Wheat, rye, cocoa, matcha, beetroot, charcoal: anything that is baked or boiled from flour or rice.
GOLDEN: Colour = (0.85, 0.64, 0.36)
CREAM: Colour = (0.96, 0.89, 0.74)
TOMATO: Colour = (0.80, 0.22, 0.12)
YOLK: Colour = (0.97, 0.74, 0.14)
LEAF: Colour = (0.34, 0.58, 0.20)
DOUGH: tuple[Colour, ...] = (
    (0.93, 0.80, 0.55), (0.85, 0.64, 0.36), (0.72, 0.46, 0.22), (0.96, 0.89, 0.74),
    (0.50, 0.30, 0.17), (0.66, 0.70, 0.40), (0.85, 0.52, 0.55), (0.34, 0.27, 0.26),
)  # fmt: skip
# Tomato, cream, pesto, curry, chocolate, berry, pumpkin, soy.
SAUCE: tuple[Colour, ...] = (
    (0.80, 0.22, 0.12), (0.97, 0.91, 0.78), (0.40, 0.54, 0.20), (0.90, 0.66, 0.15),
    (0.36, 0.20, 0.13), (0.70, 0.18, 0.36), (0.92, 0.50, 0.14), (0.45, 0.27, 0.14),
)  # fmt: skip
# What is sprinkled on top or packed inside.
GARNISH: tuple[Colour, ...] = (
    (0.85, 0.16, 0.14), (0.30, 0.58, 0.18), (0.97, 0.80, 0.20), (0.96, 0.93, 0.85),
    (0.95, 0.50, 0.36), (0.52, 0.20, 0.42), (0.25, 0.22, 0.20), (0.95, 0.60, 0.14),
)  # fmt: skip
# Porcelain, slate, wood, glaze.
PLATE: tuple[Colour, ...] = (
    (0.96, 0.95, 0.93), (0.93, 0.90, 0.84), (0.80, 0.86, 0.90), (0.30, 0.33, 0.37),
    (0.55, 0.68, 0.72), (0.88, 0.76, 0.66), (0.62, 0.70, 0.58), (0.97, 0.96, 0.95),
)  # fmt: skip
TABLE: tuple[Colour, ...] = (
    (0.62, 0.44, 0.28), (0.42, 0.28, 0.19), (0.82, 0.70, 0.54), (0.87, 0.86, 0.84), (0.28, 0.30, 0.34),
    (0.45, 0.56, 0.62), (0.75, 0.42, 0.38), (0.50, 0.58, 0.42), (0.90, 0.84, 0.70), (0.36, 0.40, 0.55),
)  # fmt: skip


def pick(random: Random, role: tuple[Colour, ...], spread: float = 0.07) -> Colour:
    """One colour of a role, each channel moved by up to `spread`."""
    return jitter(random, role[int(random.random() * len(role))], spread)


def favour(random: Random, share: float, colour: Colour, role: tuple[Colour, ...]) -> Colour:
    """`colour` in `share` of all cases, else any of the role."""
    return jitter(random, colour, 0.06) if random.random() < share else pick(random, role)


def jitter(random: Random, colour: Colour, spread: float) -> Colour:
    """`colour` with each channel moved by up to `spread`, kept in 0..1."""
    red, green, blue = (min(max(value + random.uniform(-spread, spread), 0.02), 1.0) for value in colour)
    return red, green, blue


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour in the first."""
    red, green, blue = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """Darker (below 1) or lighter."""
    red, green, blue = (min(value * factor, 1.0) for value in colour)
    return red, green, blue
