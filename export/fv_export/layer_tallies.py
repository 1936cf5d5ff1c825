"""The figures of every tensor that a graph and a file have in common, summed up over pictures."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from fv_export.errors import NotComparable
from fv_export.execute import answer_of
from fv_export.graph import Floats, Graph
from fv_export.layer_errors import Comparison
from fv_export.layer_file import FileTensor
from fv_export.layer_stats import Tally

# Pictures that go through the graph at once: its tensors, their gradients and the file's stand beside one another.
_AT_ONCE = 4


class Tallies:
    """The figures of every tensor that graph and file have in common.

    `corrected`: tensors whose mean was moved on purpose (`answer_bias`); that is no damage.
    """

    def __init__(self, graph: Graph, file: dict[str, FileTensor], corrected: Collection[str] = ()) -> None:
        if not file:
            raise NotComparable("the file and the full model have no tensor in common", why="not even the answer")
        self._graph = graph
        self._corrected = corrected
        self.file = file
        self.tensor_count = len(graph.nodes)
        self._comparison = Comparison(graph, list(file))
        self.tallies = {name: Tally(one.limits, _step(one)) for name, one in file.items()}
        self._moved: dict[str, list[NDArray[np.float64]]] = {}
        self._logits: list[tuple[Floats, Floats]] = []
        self._equal: list[NDArray[np.bool_]] = []

    def run(self, inputs: NDArray[np.uint8]) -> Iterator[int]:
        """Go through the pictures; yields how many are done."""
        logits, shapes = answer_of(self._graph), self._graph.shapes
        for start in range(0, len(inputs), _AT_ONCE):
            stop = min(start + _AT_ONCE, len(inputs))
            file = {name: one.real(start, stop, shapes[name][1:]) for name, one in self.file.items()}
            found = self._comparison(inputs[start:stop].astype(np.float32), file)
            for name, tally in self.tallies.items():
                tally.add(found.reference[name], found.expected[name], file[name], found.weight[name])
            for name, moved in found.moved.items():
                self._moved.setdefault(name, []).append(moved)
            if logits in file:
                self._logits.append((found.reference[logits], file[logits]))
            answer = self._graph.output
            self._equal.append(found.reference[answer].argmax(axis=-1) == file[answer].argmax(axis=-1))
            yield stop

    @property
    def agreement(self) -> float:
        """Share of equal answers."""
        return float(np.concatenate(self._equal).mean())

    @property
    def answer_snr_db(self) -> float | None:
        """See `LayerReport`."""
        if not self._logits:
            return None
        full, file = (np.concatenate([pair[side] for pair in self._logits]) for side in (0, 1))
        return _snr_db(_centred(full), float(np.square(_around_mean(file - full)).sum()))

    @property
    def predicted_snr_db(self) -> float | None:
        """See `LayerReport`."""
        if not self._logits:
            return None
        full = np.concatenate([pair[0] for pair in self._logits])
        return _snr_db(_centred(full), sum(self.damages().values()) * len(full))

    def damages(self) -> dict[str, float]:
        """Tensor -> mean of |J d|² over pictures, by `layer_errors`; without the mean that was moved on purpose."""
        found = {name: float(np.square(np.concatenate(parts, axis=1)).mean()) for name, parts in self._moved.items()}
        # Behind the logits J only centres, so their damage has the mean's share of their error.
        moved = {name: self.tallies[name].figures().shifted_part for name in found if name in self._corrected}
        return {name: damage * (1.0 - moved.get(name, 0.0)) for name, damage in found.items()}


def _step(one: FileTensor) -> float | None:
    return None if one.quantization is None else one.quantization.scale


def _around_mean(values: Floats) -> Floats:
    return np.asarray(values - values.mean(axis=-1, keepdims=True))


def _centred(values: Floats) -> float:
    """Energy of logits around the mean of each picture's."""
    return float(np.square(_around_mean(values)).sum())


def _snr_db(signal: float, noise: float) -> float | None:
    return None if signal <= 0 or noise <= 0 else 10 * math.log10(signal / noise)
