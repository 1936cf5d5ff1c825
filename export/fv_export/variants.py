"""From the model to the bytes of one file; what several files share is computed once.

Files of one call that are made by the same rewrites share the rewritten graph, what pictures tell of it and,
where the scheme is the same too, the annotation: TFLite and ONNX int8 are twins.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fv_core.manifest import FloatTensor, Manifest
from fv_core.progress import Progress
from fv_core.registry import unknown_name
from fv_export import answer_bias, via_converter
from fv_export.finetune import SCHEME, Finetuner
from fv_export.graph import Annotation, Graph
from fv_export.mixed.keep import kept_in_float
from fv_export.mixed.outcome import Outcome, Timed
from fv_export.post_training import METHODS, Observed
from fv_export.quantize import BITS, annotate
from fv_export.rewriting import Rewritten, rewrite
from fv_export.rules import rewrites_for
from fv_export.schemes import SCHEMES, Pair
from fv_export.source import Source

# What stands among the rewrites of a file whose weights were rounded by `rounding`.
ROUNDING = "compensated_rounding"
# The float graph that teaches it, rewritten exactly, so that it costs no more than it must.
_TEACHER = rewrites_for("tflite", "fp32")
_ROUNDED = f"{ROUNDING} at every kernel: rounding errors cancel on the calibration pictures, means are kept"
_ANSWER = f"{answer_bias.NAME} at the last layer: every class has the mean that it has in float on those pictures"
# Names of rewrites: what a rewritten graph is known by.
Names = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Variant:
    """One file about to be written.

    `write`: manifest -> the bytes of the file. `float_tensors`: what an integer scheme leaves in floating point, and
    why. `rewrites`: names of those that changed something; `applied`, `refused`: a sentence for each place.
    `finetuned`: what a fine-tuning did, empty where there was none. `mixed`: what a search for a target found. `timed`:
    the file beside the float file of its format, None where no latency was asked for.
    """

    write: Callable[[Manifest], bytes]
    float_tensors: tuple[FloatTensor, ...] = ()
    rewrites: tuple[str, ...] = ()
    applied: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    finetuned: str = ""
    mixed: Outcome | None = None
    timed: Timed | None = None


class Variants(Protocol):
    """Where a call's files come from: `FromGraph`, `AsItIs`, or `mixed.variant.Mixed` before the first."""

    def get(self, pair: Pair) -> Variant:
        """The variant for a file format and a scheme."""


@dataclass(frozen=True, eq=False)
class Quantized:
    """A graph with its annotation, None for float; `finetuned` as in `Variant`; `steps`: of `post_training`, each with
    a sentence; `left`: a sentence for each that was not made."""

    graph: Graph
    annotation: Annotation | None
    finetuned: str = ""
    steps: tuple[tuple[str, str], ...] = ()
    left: tuple[str, ...] = ()


class FromGraph:
    """The variants of one normal form.

    `probe`: (n, H, W, 3) uint8 network inputs on which every rewrite is checked. `calibration`: the same for ranges,
    None where no scheme of the call needs them. `method`: of `post_training.METHODS`; None for each scheme's own.
    `finetuner`: None where int8 is not to be fine-tuned. `keep_float`: patterns of layers that integer files leave in
    float. `searched`: whether files with some layers in float are made of these; the answer's mean (`answer_bias`) is
    left alone then, as with `keep_float`: it is that of the errors of all layers, and some of them will be gone.
    """

    def __init__(
        self,
        graph: Graph,
        probe: NDArray[np.uint8],
        calibration: NDArray[np.uint8] | None,
        method: str | None,
        progress: Progress,
        finetuner: Finetuner | None = None,
        keep_float: tuple[str, ...] = (),
        *,
        searched: bool = False,
    ) -> None:
        self._graph = graph
        self._probe = probe
        self._calibration = calibration
        self._method = method
        self._progress = progress
        self._finetuner = finetuner
        self._keep_float = keep_float
        self._searched = searched
        self._rewritten: dict[Names, Rewritten] = {}
        self._observed: dict[Names, Observed] = {}
        self._quantized: dict[tuple[Names, str], Quantized] = {}

    def get(self, pair: Pair) -> Variant:
        """The variant for a file format and a scheme."""
        return self.variant(pair, self.quantized(pair))

    def variant(self, pair: Pair, quantized: Quantized) -> Variant:
        """The variant that is written from `quantized`, which came from `self.quantized(pair)` and may have changed."""
        rewritten = self._rewrite(rewrites_for(pair.format, pair.scheme))
        graph, annotation = quantized.graph, quantized.annotation
        module = importlib.import_module(f"fv_export.write.{pair.format}")
        floats = () if annotation is None else module.float_tensors(graph, annotation, pair.scheme)

        def write(manifest: Manifest) -> bytes:
            data: bytes = module.write(graph, annotation, pair.scheme, manifest)
            return data

        return Variant(
            write=write,
            float_tensors=floats,
            rewrites=(*rewritten.applied_names, *(name for name, _ in quantized.steps)),
            applied=(*(str(entry) for entry in rewritten.applied), *(sentence for _, sentence in quantized.steps)),
            refused=(*(str(entry) for entry in rewritten.refused), *quantized.left),
            finetuned=quantized.finetuned,
        )

    def quantized(self, pair: Pair) -> Quantized:
        """The graph and the annotation that the file is written from."""
        return self._quantize(rewrites_for(pair.format, pair.scheme), pair.scheme)

    def _rewrite(self, names: Names) -> Rewritten:
        if names not in self._rewritten:
            self._rewritten[names] = rewrite(self._graph, names, self._probe)
        return self._rewritten[names]

    def _quantize(self, names: Names, scheme: str) -> Quantized:
        graph = self._rewrite(names).graph
        if SCHEMES[scheme].weights == "float":
            return Quantized(graph, None)
        if (names, scheme) not in self._quantized:
            self._quantized[names, scheme] = self._quantized_by(names, graph, scheme)
        return self._quantized[names, scheme]

    def _quantized_by(self, names: Names, graph: Graph, scheme: str) -> Quantized:
        if not SCHEMES[scheme].needs_calibration:
            return Quantized(graph, annotate(graph, {}, scheme))
        observed = self._observe(names)
        # NumPy's matrix products here are small: a second thread waits for work more than it works (docs/findings.md).
        with threadpool_limits(limits=1, user_api="blas"):
            ranges = observed.ranges(method_for(scheme, self._method), BITS[SCHEMES[scheme].activations])
            graph, note = observed.rounded, ""
        if self._finetuner is not None and scheme == SCHEME:
            tuned = self._finetuner.tune(self._rewrite(_TEACHER).graph, graph, ranges, scheme)
            graph, ranges, note = tuned.graph, tuned.ranges, tuned.note
        annotation = annotate(graph, ranges, scheme)
        steps, why = [(ROUNDING, _ROUNDED)], self._why_answer_stays(graph, annotation)
        if not why:
            graph, annotation = observed.answer_kept(graph, annotation)
            steps.append((answer_bias.NAME, _ANSWER))
        if self._keep_float:
            # A tuned network has learnt with the weights that it has, so they are not exchanged for those before.
            original = graph if note else self._rewrite(names).graph
            graph, annotation = kept_in_float(graph, annotation, original, self._keep_float)
        # In 16 bits there is nothing to keep: nobody misses it.
        left = (f"{answer_bias.NAME}: {why}",) if why and BITS[SCHEMES[scheme].activations] == 8 else ()
        return Quantized(graph, annotation, note, tuple(steps), left)

    def _why_answer_stays(self, graph: Graph, annotation: Annotation) -> str:
        if self._keep_float or self._searched:
            return "some layers are to be in float, and its mean is that of the errors of all"
        return answer_bias.obstacle(graph, annotation, 0 if self._calibration is None else len(self._calibration))

    def _observe(self, names: Names) -> Observed:
        if self._calibration is None:
            raise ValueError("this scheme needs calibration pictures")
        if names not in self._observed:
            self._observed[names] = Observed(self._rewrite(names).graph, self._calibration, self._progress)
        return self._observed[names]


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
