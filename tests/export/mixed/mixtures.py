"""A small annotated graph to mix, and stand-ins for what runs files."""

from __future__ import annotations

import numpy as np

from fv_export.calibrate import METHODS, collect
from fv_export.graph import Annotation, Function, Fused, Graph, Mean, Softmax
from fv_export.mixed.damage import Damage
from fv_export.mixed.mixable import Mixable
from fv_export.quantize import annotate
from tests.export.small_graphs import ONE_PIXEL, activation, conv, dense, graph, pictures, pixels

# In order of the graph; the picture and the softmax are not among them.
TENSORS = ("pixels", "first", "bend", "second", "mean", "logits")


def network() -> Graph:
    """pixels -> conv -> leaky relu -> conv -> mean -> dense -> softmax."""
    return graph(
        pixels(),
        conv("first", "pixels", (3, 4), padding=ONE_PIXEL, scale=0.2),
        activation("bend", "first", Function.LEAKY_RELU, 0.25),
        conv("second", "bend", (4, 6), padding=ONE_PIXEL, scale=0.2, fused=Fused.RELU),
        Mean(name="mean", inputs=("second",), output="mean", keep_dims=False),
        dense("logits", "mean", (6, 3)),
        Softmax(name="softmax", inputs=("logits",), output="softmax"),
    )


def annotation(of: Graph) -> Annotation:
    batch = pictures(8)
    histograms = collect(of, lambda: iter([batch]))
    return annotate(of, {tensor: METHODS["minmax"](found) for tensor, found in histograms.items()}, "int8")


def mixable() -> Mixable:
    """Its file is the list of tensors that are left in integers."""
    made = network()
    return Mixable(made, annotation(made), lambda found: " ".join(sorted(found.tensors)).encode())


def damage(drop: int = 0, divergence: float = 0.0, n: int = 1000, error_pp: float = 0.0) -> Damage:
    """`drop` pictures of `n` lost, and as many expected of others."""
    return Damage(n, drop, 0, 1 - drop / n, divergence, 100 * drop / n, error_pp)


class FakeAsker:
    """Every tensor left in integers loses so many pictures; counts what it was asked."""

    def __init__(self, guilt: dict[str, int], error_pp: float = 0.0) -> None:
        self.guilt = guilt
        self.error_pp = error_pp
        self.asked: list[bytes] = []

    def damage(self, data: bytes) -> Damage:
        return self.damages([data])[0]

    def damages(self, files: list[bytes]) -> list[Damage]:
        self.asked += files
        lost = [sum(self.guilt.get(name, 0) for name in data.decode().split()) for data in files]
        return [damage(each, each / 1000, error_pp=self.error_pp) for each in lost]


def probabilities(rows: list[list[float]]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array(rows, np.float32)
