"""Files of mixed precision as a source of files for the export: searched for where there is a target, and timed.

`Mixed` stands before `FromGraph`. Float files go through untouched; an int8 file is searched for, and every integer
file is timed against the float file of its format.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.accuracy import columns, evenly
from fv_benchmark.protocol import Protocol
from fv_benchmark.stats import Ratio
from fv_core.imageset import ImageSet
from fv_core.manifest import Manifest
from fv_core.predictions import Predictions
from fv_core.progress import Progress
from fv_export.graph import Annotation
from fv_export.mixed.ask import Pictures
from fv_export.mixed.memory import Memory
from fv_export.mixed.mixable import Mixable
from fv_export.mixed.options import Mix
from fv_export.mixed.outcome import Outcome, Timed
from fv_export.mixed.session import Session
from fv_export.mixed.timing import Stopwatch
from fv_export.provenance import first_manifest
from fv_export.schemes import SCHEMES, Pair
from fv_export.source import Source
from fv_export.variants import FromGraph, Quantized, Variant

# Below the folder of the exported files: what a search has measured.
FOLDER = "search"
# 1.5 GB of network inputs at 224 px; half of them tell a drop to 0.3 points.
MOST_PICTURES = 10_000
_FLOAT = "fp32"
_SEARCHED = "int8"


@dataclass(frozen=True, eq=False)
class Asked:
    """The labelled pictures of a search. `full`: the full model's answers on the whole split, in its order."""

    imageset: ImageSet
    full: Predictions

    def rows(self) -> NDArray[np.int64]:
        """The pictures of the split that are used, spread evenly over it."""
        return evenly(len(self.full.ids), MOST_PICTURES)


class Mixed:
    """A source of files before `inner`. `asked`: None where there is no target."""

    def __init__(self, inner: FromGraph, mix: Mix, source: Source, asked: Asked | None, progress: Progress) -> None:
        self._inner = inner
        self._mix = mix
        self._source = source
        self._asked = asked
        self._progress = progress
        self._inputs: NDArray[np.uint8] | None = None

    def get(self, pair: Pair) -> Variant:
        """The variant for a file format and a scheme."""
        if SCHEMES[pair.scheme].activations == "float":
            return self._inner.get(pair)
        if self._mix.target_drop_pp is None or self._asked is None or pair.scheme != _SEARCHED:
            variant = self._inner.get(pair)
            return replace(variant, timed=self._timed(pair, variant)) if self._mix.measures else variant
        quantized = self._inner.quantized(pair)
        outcome, annotation = self._session(pair, quantized, self._asked).run(
            self._mix.target_drop_pp, self._mix.assurance
        )
        variant = self._inner.variant(pair, replace(quantized, annotation=annotation))
        return replace(variant, mixed=outcome, timed=timed_of(outcome))

    def _timed(self, pair: Pair, variant: Variant) -> Timed:
        """The file beside float, measured now."""
        stopwatch = Stopwatch(self._mix.machine, f".{pair.format}", self._memory(), self._progress)
        files = {_FLOAT: self._float_file(pair), pair.scheme: variant.write(self._manifest(pair))}
        report = stopwatch.report(files, Protocol())
        base, own = report.results
        return Timed(
            latency_ms=float(np.median(own.samples_ns)) / 1e6,
            float_ms=float(np.median(base.samples_ns)) / 1e6,
            ratio=own.ratio_to_first,
            machine=report.machines[0].cpu,
            doubts=tuple(doubt.sentence for doubt in (*report.doubts, *base.doubts, *own.doubts)),
        )

    def _session(self, pair: Pair, quantized: Quantized, asked: Asked) -> Session:
        graph, annotation = quantized.graph, quantized.annotation
        if annotation is None:
            raise ValueError(f"{pair} has no integers")
        module = importlib.import_module(f"fv_export.write.{pair.format}")
        manifest = self._manifest(pair)

        def write(mixed: Annotation) -> bytes:
            data: bytes = module.write(graph, mixed, pair.scheme, manifest)
            return data

        return Session(
            format=pair.format,
            mixable=Mixable(graph, annotation, write),
            float_file=self._float_file(pair),
            pictures=self._pictures(asked),
            rows=asked.rows(),
            dataset=(asked.full.dataset_fingerprint, asked.full.split),
            memory=self._memory(),
            machine=self._mix.machine,
            progress=self._progress,
        )

    def _pictures(self, asked: Asked) -> Pictures:
        """Network inputs, made once for all formats; labels and answers in the order of the file's outputs."""
        rows = asked.rows()
        if self._inputs is None:
            images, preprocess = asked.imageset.split(asked.full.split).images, self._source.preprocess
            self._inputs = np.stack([preprocess.network_input(np.asarray(images[row])) for row in rows])
        order = columns(self._source.labels, asked.imageset.classes)
        full = asked.full.probabilities[rows][:, np.argsort(order)]
        return Pictures(self._inputs, order[asked.full.labels[rows]].astype(np.int32), np.ascontiguousarray(full))

    def _float_file(self, pair: Pair) -> bytes:
        other = Pair(pair.format, _FLOAT)
        return self._inner.get(other).write(self._manifest(other))

    def _memory(self) -> Memory:
        return Memory(self._source.out / FOLDER)

    def _manifest(self, pair: Pair) -> Manifest:
        """What a file that is only tried says of itself: nothing that changes from call to call."""
        return replace(first_manifest(self._source, pair, None, (), ()), versions={})


def timed_of(outcome: Outcome) -> Timed | None:
    """The chosen file beside float, as it stood on the frontier; None where its calls were too few for a median."""
    point, base = outcome.point, outcome.points[0]
    if point.latency_ms is None or base.latency_ms is None:
        return None
    ratio = point.ratio or Ratio(point.latency_ms / base.latency_ms, None)
    return Timed(point.latency_ms, base.latency_ms, ratio, outcome.machine, outcome.doubts)
