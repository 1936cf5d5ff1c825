"""From the model to the bytes of one file; what several files share is computed once.

Files of one call that are made by the same rewrites share the rewritten graph, the histograms collected on it and,
where the scheme is the same too, the annotation: TFLite and ONNX int8 are twins.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fv_core.manifest import FloatTensor, Manifest
from fv_core.progress import Progress
from fv_core.registry import unknown_name
from fv_export import via_converter
from fv_export.calibrate import METHODS, Range, collect
from fv_export.graph import Annotation, Graph
from fv_export.histogram import Histogram
from fv_export.quantize import annotate
from fv_export.rewriting import Rewritten, rewrite
from fv_export.rules import rewrites_for
from fv_export.schemes import SCHEMES, Pair
from fv_export.source import Source

# Pictures between two movements of the progress line.
CHUNK = 16
# Names of rewrites: what a rewritten graph is known by.
Names = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Variant:
    """One file about to be written.

    `write`: manifest -> the bytes of the file. `float_tensors`: what an integer scheme leaves in floating point, and
    why. `rewrites`: names of those that changed something; `applied`, `refused`: a sentence for each place.
    """

    write: Callable[[Manifest], bytes]
    float_tensors: tuple[FloatTensor, ...] = ()
    rewrites: tuple[str, ...] = ()
    applied: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class Variants(Protocol):
    """Where a call's files come from: `FromGraph`, or `AsItIs`."""

    def get(self, pair: Pair) -> Variant:
        """The variant for a file format and a scheme."""


class FromGraph:
    """The variants of one normal form.

    `probe`: (n, H, W, 3) uint8 network inputs on which every rewrite is checked. `calibration`: the same for ranges,
    None where no scheme of the call needs them. `method`: of `calibrate.METHODS`; None for each scheme's own.
    """

    def __init__(
        self,
        graph: Graph,
        probe: NDArray[np.uint8],
        calibration: NDArray[np.uint8] | None,
        method: str | None,
        progress: Progress,
    ) -> None:
        self._graph = graph
        self._probe = probe
        self._calibration = calibration
        self._method = method
        self._progress = progress
        self._rewritten: dict[Names, Rewritten] = {}
        self._histograms: dict[Names, dict[str, Histogram]] = {}
        self._annotations: dict[tuple[Names, str], Annotation] = {}

    def get(self, pair: Pair) -> Variant:
        """The variant for a file format and a scheme."""
        names = rewrites_for(pair.format, pair.scheme)
        rewritten = self._rewrite(names)
        annotation = self._annotate(names, pair.scheme)
        module = importlib.import_module(f"fv_export.write.{pair.format}")
        floats = () if annotation is None else module.float_tensors(rewritten.graph, annotation, pair.scheme)

        def write(manifest: Manifest) -> bytes:
            data: bytes = module.write(rewritten.graph, annotation, pair.scheme, manifest)
            return data

        return Variant(
            write=write,
            float_tensors=floats,
            rewrites=rewritten.applied_names,
            applied=tuple(str(entry) for entry in rewritten.applied),
            refused=tuple(str(entry) for entry in rewritten.refused),
        )

    def _rewrite(self, names: Names) -> Rewritten:
        if names not in self._rewritten:
            self._rewritten[names] = rewrite(self._graph, names, self._probe)
        return self._rewritten[names]

    def _annotate(self, names: Names, scheme: str) -> Annotation | None:
        if SCHEMES[scheme].weights == "float":
            return None
        if (names, scheme) not in self._annotations:
            ranges = self._ranges(names, scheme) if SCHEMES[scheme].needs_calibration else {}
            self._annotations[names, scheme] = annotate(self._rewrite(names).graph, ranges, scheme)
        return self._annotations[names, scheme]

    def _ranges(self, names: Names, scheme: str) -> dict[str, Range]:
        if names not in self._histograms:
            self._histograms[names] = collect(self._rewrite(names).graph, self._batches)
        method = METHODS[method_for(scheme, self._method)]
        return {tensor: method(histogram) for tensor, histogram in self._histograms[names].items()}

    def _batches(self) -> Iterator[NDArray[np.float32]]:
        pictures = self._calibration
        if pictures is None:
            raise ValueError("this scheme needs calibration pictures")
        for start in range(0, len(pictures), CHUNK):
            yield pictures[start : start + CHUNK].astype(np.float32)
            self._progress.advance("observing ranges", min(start + CHUNK, len(pictures)), len(pictures))


class AsItIs:
    """The plain float path: the model through the stock converters, for layers that the normal form does not know."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def get(self, pair: Pair) -> Variant:
        """The variant for a file format and a float scheme."""
        source = self._source

        def write(manifest: Manifest) -> bytes:
            return via_converter.write(source.model, pair.format, pair.scheme, manifest, source.input_range)

        return Variant(write=write)


def method_for(scheme: str, method: str | None) -> str:
    """The calibration method: the one that was asked for, else the scheme's own. Raises `UnknownName`."""
    chosen = method or SCHEMES[scheme].calibration
    if chosen not in METHODS:
        raise unknown_name("calibration method", chosen, METHODS)
    return chosen
