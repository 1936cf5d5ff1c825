"""What calibration pictures tell of one rewritten graph: its ranges, and how its weights are best rounded.

    ranges    `calibrate.METHODS`, from histograms alone, or `disturbance`, by what each range does to the answer
    weights   `rounding`, with what `moments` saw under every kernel
    answer    `answer_bias`, with the float graph's own logits

Each is computed when it is first asked for and then kept, so that the files of one call share it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fv_core.progress import Progress
from fv_core.registry import unknown_name
from fv_export import answer_bias, disturbance
from fv_export.answer_bias import Logits
from fv_export.calibrate import METHODS as FROM_HISTOGRAMS
from fv_export.calibrate import Histograms
from fv_export.graph import Annotation, Floats, Graph
from fv_export.histogram import Histogram
from fv_export.looking import look
from fv_export.moments import Moments, MomentsOfKernels
from fv_export.ranges import Range
from fv_export.rounding import rounded

METHODS = (*FROM_HISTOGRAMS, disturbance.NAME)
# Pictures between two movements of the progress line.
CHUNK = 16


class Observed:
    """`graph` on `pictures`, (n, H, W, 3) uint8 network inputs."""

    def __init__(self, graph: Graph, pictures: NDArray[np.uint8], progress: Progress) -> None:
        self._graph = graph
        self._pictures = pictures
        self._progress = progress

    def ranges(self, method: str, bits: int) -> dict[str, Range]:
        """(low, high) of every tensor for activations of `bits`, by a method of `METHODS`. Raises `UnknownName`."""
        if method == disturbance.NAME:
            self._progress.say("choosing ranges by what they do to the answer")
            return disturbance.least_disturbing(self._graph, self._histograms, self._pictures, bits)
        if method not in FROM_HISTOGRAMS:
            raise unknown_name("calibration method", method, METHODS)
        return {tensor: FROM_HISTOGRAMS[method](histogram) for tensor, histogram in self._histograms.items()}

    @cached_property
    def rounded(self) -> Graph:
        """The graph with its weights on their integer grid."""
        return rounded(self._graph, self._seen[1])

    def answer_kept(self, graph: Graph, annotation: Annotation) -> tuple[Graph, Annotation]:
        """What is to be written, with the mean of every logit as in float (`answer_bias`)."""
        return answer_bias.kept(graph, annotation, self._pictures, self._seen[2])

    @property
    def _histograms(self) -> dict[str, Histogram]:
        return self._seen[0]

    @cached_property
    def _seen(self) -> tuple[dict[str, Histogram], dict[str, Moments], Floats]:
        """Whoever asks for ranges will ask for rounded weights and the answers, so all are seen in one go."""
        histograms, moments, logits = Histograms(self._graph), MomentsOfKernels(self._graph), Logits(self._graph)
        look(self._graph, self._batches, [histograms, moments, logits])
        return histograms.found(), moments.found, logits.found()

    def _batches(self) -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(self._pictures), CHUNK):
            yield self._pictures[start : start + CHUNK].astype(np.float32)
            self._progress.advance(
                "looking at calibration pictures", min(start + CHUNK, len(self._pictures)), len(self._pictures)
            )
