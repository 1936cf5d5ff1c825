"""`builtin:plates`: plates of food that are drawn, not photographed: a data set that needs no network and no licence.

Twelve dishes are told apart by how their parts are arranged and by their texture; colours, plates, tables, light,
pose, blur and noise vary freely. A picture follows from its dish and its seed alone.
"""

from __future__ import annotations

from fv_train.plates.scene import CLASSES, NATURAL_SIZE, draw, seed_of

__all__ = ["CLASSES", "NATURAL_SIZE", "draw", "seed_of"]
