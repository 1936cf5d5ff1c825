"""From the normal form to the bytes of one file; what several files share is computed once.

Files of one call that are made by the same rewrites share the rewritten graph, the ranges observed on it and, where
the scheme is the same too, the annotation: TFLite and ONNX int8 are twins.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_core.manifest import FloatTensor, Manifest
from fv_core.progress import Progress
from fv_export.calibrate import observe
from fv_export.graph import Annotation, Graph
from fv_export.quantize import annotate
from fv_export.rewriting import Rewritten, rewrite
from fv_export.rules import rewrites_for
from fv_export.schemes import SCHEMES

# Pictures that go through the graph at once while ranges are observed: bounds the memory of the largest feature map.
CHUNK = 16


@dataclass(frozen=True, eq=False)
class Variant:
    """A graph as one file wants it; `annotation` is None in float schemes."""

    rewritten: Rewritten
    annotation: Annotation | None


class Variants:
    """Makes the variants of one graph.

    `probe`: (n, H, W, 3) uint8 network inputs on which every rewrite is checked. `calibration`: the same for ranges,
    None where no scheme of the call needs them. `method`: of `fv_export.calibrate`.
    """

    def __init__(
        self,
        graph: Graph,
        probe: NDArray[np.uint8],
        calibration: NDArray[np.uint8] | None,
        method: str,
        progress: Progress,
    ) -> None:
        self._graph = graph
        self._probe = probe
        self._calibration = calibration
        self._method = method
        self._progress = progress
        self._rewritten: dict[tuple[str, ...], Rewritten] = {}
        self._ranges: dict[tuple[str, ...], dict[str, tuple[float, float]]] = {}
        self._annotations: dict[tuple[tuple[str, ...], str], Annotation] = {}

    def get(self, format_name: str, scheme: str) -> Variant:
        """The variant for a file format and a scheme."""
        names = tuple(rewrites_for(format_name, scheme))
        rewritten = self._rewrite(names)
        if SCHEMES[scheme].weights == "float":
            return Variant(rewritten, None)
        key = (names, scheme)
        if key not in self._annotations:
            ranges = self._observe(names) if SCHEMES[scheme].needs_calibration else {}
            self._annotations[key] = annotate(rewritten.graph, ranges, scheme)
        return Variant(rewritten, self._annotations[key])

    def _rewrite(self, names: tuple[str, ...]) -> Rewritten:
        if names not in self._rewritten:
            self._rewritten[names] = rewrite(self._graph, names, self._probe)
        return self._rewritten[names]

    def _observe(self, names: tuple[str, ...]) -> dict[str, tuple[float, float]]:
        if self._calibration is None:
            raise ValueError("this scheme needs calibration pictures")
        if names not in self._ranges:
            self._ranges[names] = observe(self._rewrite(names).graph, self._batches, self._method)
        return self._ranges[names]

    def _batches(self) -> Iterator[NDArray[np.float32]]:
        pictures = self._calibration
        assert pictures is not None  # noqa: S101 - _observe has checked it
        for start in range(0, len(pictures), CHUNK):
            yield pictures[start : start + CHUNK].astype(np.float32)
            self._progress.advance("observing ranges", min(start + CHUNK, len(pictures)), len(pictures))


def write(variant: Variant, format_name: str, scheme: str, manifest: Manifest) -> bytes:
    """The bytes of the file, manifest inside."""
    module = importlib.import_module(f"fv_export.write.{format_name}")
    data: bytes = module.write(variant.rewritten.graph, variant.annotation, scheme, manifest)
    return data


def float_tensors(variant: Variant, format_name: str, scheme: str) -> tuple[FloatTensor, ...]:
    """The tensors that a file of an integer scheme leaves in floating point, each with the reason."""
    if variant.annotation is None:
        return ()
    module = importlib.import_module(f"fv_export.write.{format_name}")
    found: tuple[FloatTensor, ...] = module.float_tensors(variant.rewritten.graph, variant.annotation, scheme)
    return found
