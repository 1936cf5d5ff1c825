"""Shapes as signed distances, and the brush that paints them with relief and shadow.

A shape is a function of local coordinates `(u, v)` that returns the signed distance to its outline, negative inside
(Quilez, "2D distance functions", iquilezles.org). From one function follow the antialiased cover (a ramp one pixel
wide), the shadow (the same function at shifted coordinates) and the relief (its slope towards the light).

Only operations that IEEE 754 defines to the last bit are used on arrays: + − × ÷, square root, floor, comparisons, in
float32 and without sums over an axis. Sines and cosines are taken of single numbers and rounded to six decimals. So a
picture is the same to the byte on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Shape = Callable[[Field, Field], Field]
Colour = tuple[float, float, float]


def direction(angle: float) -> tuple[float, float]:
    """Cosine and sine of `angle` in radians, rounded so that every mathematics library agrees."""
    return round(math.cos(angle), 6), round(math.sin(angle), 6)


@dataclass(frozen=True)
class Pose:
    """Where a dish lies in the picture: centre (x, y) and zoom in half picture sides, `turn` in radians."""

    x: float
    y: float
    zoom: float
    turn: float


class Canvas:
    """A square picture being painted: `rgb` (3, size, size) float32, 0..1. x to the right, y down, both -1..1.

    Channels first: the inner loops then run along rows, which halves the time of a picture.
    """

    def __init__(self, size: int, pose: Pose, light: tuple[float, float]) -> None:
        self.size = size
        self.pose = pose
        self.light = light
        self.rgb = np.zeros((3, size, size), dtype=np.float32)

    def patch(self, x: float, y: float, reach: float, angle: float = 0.0) -> Patch:
        """The window of radius `reach` around the dish's point (x, y), its coordinates turned by `angle`."""
        pose = self.pose
        cosine, sine = direction(pose.turn)
        centre = (pose.x + pose.zoom * (x * cosine - y * sine), pose.y + pose.zoom * (x * sine + y * cosine))
        return self._window(centre, reach * pose.zoom, pose.zoom, pose.turn + angle)

    def whole(self, angle: float = 0.0) -> Patch:
        """The whole picture in its own coordinates, turned by `angle` around its middle."""
        return self._window((0.0, 0.0), 3.0, 1.0, angle)

    def _window(self, centre: tuple[float, float], reach: float, zoom: float, angle: float) -> Patch:
        columns, rows = (self._span(middle, reach) for middle in centre)
        x = self._coordinates(columns)[None, :] - np.float32(centre[0])
        y = self._coordinates(rows)[:, None] - np.float32(centre[1])
        cosine, sine = (np.float32(value / zoom) for value in direction(angle))
        turned = direction(angle)
        light = (
            self.light[0] * turned[0] + self.light[1] * turned[1],
            self.light[1] * turned[0] - self.light[0] * turned[1],
        )
        return Patch(
            self.rgb[:, rows, columns], x * cosine + y * sine, y * cosine - x * sine, 2 / (self.size * zoom), light
        )

    def _span(self, middle: float, reach: float) -> slice:
        low = math.floor((middle - reach + 1) * self.size / 2) - 1
        high = math.ceil((middle + reach + 1) * self.size / 2) + 1
        return slice(min(max(low, 0), self.size), min(max(high, 0), self.size))

    def _coordinates(self, span: slice) -> Field:
        return (np.arange(span.start, span.stop, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / self.size) - 1


@dataclass(frozen=True)
class Patch:
    """A window of the canvas: `view` (3, h, w), local coordinates `u`, `v` (h, w), `pixel` in their unit, `light`."""

    view: Field
    u: Field
    v: Field
    pixel: float
    light: tuple[float, float]

    def cover(self, distance: Field) -> Field:
        """Share of each pixel inside the outline, 0..1."""
        return np.asarray(np.clip(np.float32(0.5) - distance / np.float32(self.pixel), 0, 1), dtype=np.float32)

    def blend(self, share: Field, colour: Colour | Field) -> None:
        """Lay `colour`, one or (3, h, w), over the window with `share` (h, w) of opacity."""
        self.view[...] += share * (_spread(colour) - self.view)

    def dim(self, factor: Field) -> None:
        """Multiply the window by `factor` (h, w)."""
        self.view[...] *= factor

    def flat(self, shape: Shape, colour: Colour, opacity: float = 1.0) -> None:
        """Paint `shape` in one colour."""
        self.blend(self.cover(shape(self.u, self.v)) * np.float32(opacity), colour)

    def shadow(self, shape: Shape, away: float, strength: float) -> None:
        """Darken where `shape`, lifted by `away`, keeps off the light."""
        u = self.u + np.float32(away * self.light[0])
        v = self.v + np.float32(away * self.light[1])
        share = np.clip(np.float32(0.5) - shape(u, v) / np.float32(2 * away + self.pixel), 0, 1)
        self.dim(1 - np.float32(strength) * share)

    def solid(self, shape: Shape, colour: Colour, height: float = 0.06, grain: Field | None = None) -> None:
        """Paint `shape` as a body with a rounded rim `height` wide, its shadow, and `grain` (h, w) times its colour."""
        self.shadow(shape, height * 0.6, 0.4)
        distance = shape(self.u, self.v)
        step = np.float32(0.5 * height)
        ahead = shape(self.u + step * np.float32(self.light[0]), self.v + step * np.float32(self.light[1]))
        slope = (ahead - distance) / step
        rim = np.clip(1 + distance / np.float32(height), 0, 1)
        shade = 1 + rim * (np.float32(0.32) * slope - np.float32(0.1))
        if grain is not None:
            shade = shade * grain
        self.blend(self.cover(distance), shade * _spread(colour))


def _spread(colour: Colour | Field) -> Field:
    """A single colour as (3, 1, 1); a field of colours as it is."""
    paint = np.asarray(colour, dtype=np.float32)
    return paint[:, None, None] if paint.ndim == 1 else paint


def disc(radius: float) -> Shape:
    """A disc."""
    return lambda u, v: np.sqrt(u * u + v * v) - np.float32(radius)


def ellipse(a: float, b: float) -> Shape:
    """An ellipse with half axes `a` and `b`; the distance is that of the circle it is stretched from."""
    least = np.float32(min(a, b))
    return lambda u, v: (np.sqrt((u / np.float32(a)) ** 2 + (v / np.float32(b)) ** 2) - 1) * least


def box(a: float, b: float, corner: float = 0.0) -> Shape:
    """A rectangle with half sides `a` and `b` and rounded corners."""

    def distance(u: Field, v: Field) -> Field:
        p = np.abs(u) - np.float32(a - corner)
        q = np.abs(v) - np.float32(b - corner)
        outside = np.sqrt(np.maximum(p, 0) ** 2 + np.maximum(q, 0) ** 2)
        return np.asarray(outside + np.minimum(np.maximum(p, q), 0) - np.float32(corner), dtype=np.float32)

    return distance


def leaf(length: float, width: float) -> Shape:
    """A pointed leaf along u: what two equal circles have in common (vesica)."""
    radius = (length * length + width * width) / (2 * width)
    return intersection(moved(disc(radius), 0, radius - width), moved(disc(radius), 0, width - radius))


def ring(radius: float, width: float) -> Shape:
    """A ring of half width `width`."""
    return lambda u, v: np.abs(np.sqrt(u * u + v * v) - np.float32(radius)) - np.float32(width)


def moved(shape: Shape, du: float, dv: float) -> Shape:
    """`shape` with its middle at (du, dv)."""
    return lambda u, v: shape(u - np.float32(du), v - np.float32(dv))


def intersection(first: Shape, second: Shape) -> Shape:
    """What lies in both."""
    return lambda u, v: np.maximum(first(u, v), second(u, v))


def shrunk(shape: Shape, by: float) -> Shape:
    """`shape` with its outline moved inwards."""
    return lambda u, v: shape(u, v) + np.float32(by)


def without(first: Shape, second: Shape) -> Shape:
    """What lies in the first and not in the second."""
    return lambda u, v: np.maximum(first(u, v), -second(u, v))


def given(field: Field) -> Shape:
    """A shape whose distances were worked out already; right only where it is asked at the coordinates of `field`."""
    return lambda _u, _v: field


def uneven(shape: Shape, amount: float, frequency: float, seed: int) -> Shape:
    """`shape` with an outline that wanders by up to `amount`."""
    return lambda u, v: shape(u, v) + np.float32(amount) * (2 * noise(u, v, frequency, seed) - 1)


def noise(u: Field, v: Field, frequency: float, seed: int) -> Field:
    """Value noise 0..1 with `frequency` lattice steps a unit (Perlin 1985's lattice and fade, values for gradients)."""
    p, q = u * np.float32(frequency), v * np.float32(frequency)
    i, j = np.floor(p), np.floor(q)
    s, t = p - i, q - j
    s, t = s * s * (3 - 2 * s), t * t * (3 - 2 * t)
    column, row = i.astype(np.int64), j.astype(np.int64)
    if column.size == 0:
        return np.asarray(s, dtype=np.float32)
    left, upper = int(column.min()), int(row.min())
    values = _lattice(left, int(column.max()) + 2, upper, int(row.max()) + 2, seed)
    width = values.shape[1]
    at, values = (row - upper) * width + (column - left), values.ravel()
    top = values[at] * (1 - s) + values[at + 1] * s
    at += width
    bottom = values[at] * (1 - s) + values[at + 1] * s
    return np.asarray(top * (1 - t) + bottom * t, dtype=np.float32)


def _lattice(left: int, right: int, upper: int, lower: int, seed: int) -> Field:
    """A value 0..1 for each lattice point of a rectangle: an integer hash (xxHash32's avalanche)."""
    mask = np.int64(0xFFFFFFFF)
    column, row = np.arange(left, right, dtype=np.int64), np.arange(upper, lower, dtype=np.int64)[:, None]
    h = (column * 374761393 + row * 668265263 + seed * 2246822519) & mask
    h = ((h ^ (h >> 15)) * 2246822519) & mask
    h = ((h ^ (h >> 13)) * 3266489917) & mask
    return ((h ^ (h >> 16)) & 0xFFFF).astype(np.float32) * np.float32(1 / 65535)
