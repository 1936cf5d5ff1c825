"""What a dish is to the scene that it is served in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from fv_train.plates.paint import Canvas


@dataclass(frozen=True)
class Dish:
    """`paint` puts the dish on a plate that fills the unit circle. `from_above`: else from the side, never upside down.

    A painter draws every number from the `Random` it is given, and every colour from the roles of `palette`.
    """

    paint: Callable[[Canvas, Random], None]
    from_above: bool = True
