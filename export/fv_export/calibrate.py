"""The range of every tensor, observed on calibration pictures.

    minmax        smallest and largest value: exact, at the mercy of one outlier
    percentile    all but 0.01 % of the values on either side

(`disturbance` starts from the same histograms and asks the network which range is best.)

Only histograms are kept. Of a large feature map every k-th position
is counted, all its channels, with another offset for each picture; smallest and largest are taken over all. With 200
pictures millions of values of such a map are counted, so its 0.01 % tail rests on hundreds of them: the rank is known
to a few per cent (one standard deviation), far less than the difference between 99.99 and 99.95 %.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fv_core.registry import unknown_name
from fv_export.errors import CalibrationFailed
from fv_export.graph import Floats, Graph
from fv_export.histogram import Histogram
from fv_export.looking import Batches, Looker, look

Range = tuple[float, float]

# Share of the values cut off at each end by "percentile": the best agreement with float of those tried on a trained
# MobileNetV3Small (docs/findings.md: 99.99 gives 86 %, 99.95 83 %, minmax 77 %).
TAIL = 1e-4
# Values of one picture's tensor that are counted (see the module).
_COUNTED_PER_PICTURE = 32_768


def _minmax(histogram: Histogram) -> Range:
    return histogram.low, histogram.high


def _percentile(histogram: Histogram) -> Range:
    return histogram.tails(TAIL)


METHODS: dict[str, Callable[[Histogram], Range]] = {"minmax": _minmax, "percentile": _percentile}


def observe(graph: Graph, batches: Batches, method: str = "percentile") -> dict[str, Range]:
    """(low, high) of every tensor of `graph`.

    `batches`: called once, gives batches (n, H, W, C) of pixel values 0 to 255. `method`: of `METHODS`.
    Raises `UnknownName`, and `CalibrationFailed` where the pictures are none, all of one colour, or lead to values
    that are not finite.
    """
    if method not in METHODS:
        raise unknown_name("calibration method", method, METHODS)
    histograms = collect(graph, batches)
    return {tensor: METHODS[method](histogram) for tensor, histogram in histograms.items()}


def collect(graph: Graph, batches: Batches) -> dict[str, Histogram]:
    """The histogram of every tensor; arguments and errors as in `observe`."""
    histograms = Histograms(graph)
    look(graph, batches, [histograms])
    return histograms.found()


class Histograms(Looker):
    """Counts the values of every tensor of a graph."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(tuple(graph.tensors()))
        self._graph = graph
        self._histograms = {tensor: Histogram() for tensor in self.tensors}
        self._seen = 0

    def add(self, values: dict[str, Floats]) -> None:
        """Count the values of some pictures; raises `CalibrationFailed` where one is not finite."""
        for tensor, histogram in self._histograms.items():
            _count(histogram, tensor, values[tensor], self._seen)
        self._seen += len(values[self._graph.input])

    def found(self) -> dict[str, Histogram]:
        """Tensor -> histogram; raises `CalibrationFailed` where the pictures were none, or all of one colour."""
        _refuse_useless(self._graph, self._histograms[self._graph.input], self._seen)
        return self._histograms


def _count(histogram: Histogram, tensor: str, values: Floats, seen: int) -> None:
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise CalibrationFailed(
            f"the values of {tensor} are not finite on the calibration pictures",
            why=f"they reach from {low} to {high}",
            hint="fv evaluate RUN --data IMAGESET shows whether the full model is sound",
        )
    histogram.add(_sample(values, seen), low, high)


def _sample(values: Floats, seen: int) -> Floats:
    """At most about `_COUNTED_PER_PICTURE` values of each picture: every k-th position, all its channels."""
    per_picture = values[0].size
    stride = -(-per_picture // _COUNTED_PER_PICTURE)
    if values.ndim != 4 or stride == 1:
        return values
    positions = values.reshape(len(values), -1, values.shape[-1])
    return np.concatenate([picture[(seen + i) % stride :: stride] for i, picture in enumerate(positions)])


def _refuse_useless(graph: Graph, pixels: Histogram, seen: int) -> None:
    if seen == 0:
        raise CalibrationFailed("there are no calibration pictures", hint="add --calibration IMAGESET or FOLDER")
    if pixels.low == pixels.high:
        raise CalibrationFailed(
            f"the {seen} calibration pictures are all of one colour",
            why=f"every pixel of {graph.input} is {pixels.low:g}",
            hint="calibrate on pictures like those that the model will see: --calibration IMAGESET or FOLDER",
        )
