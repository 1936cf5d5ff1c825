"""The layer report: a model file against the full model, tensor by tensor, worst first.

    the full model ─▶ the normal form with the file's rewrites ─▶ its tensors on pictures ─┐
                                            the file's own tensors, from a child process ─▶┴─▶ figures, reason, cure

`layer_errors` says what a tensor's damage is, `layer_stats` what its figures are, `layer_reasons` how they are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fv_core import golden
from fv_core.imageset import ImageSet
from fv_core.manifest import Manifest
from fv_core.progress import Progress
from fv_edge_runtime.inspect import inspect_model
from fv_edge_runtime.manifest_io import read_manifest
from fv_edge_runtime.model_path import check_model_path
from fv_export.answer_bias import NAME, answers
from fv_export.from_keras import graph_of
from fv_export.graph import Graph, Shape
from fv_export.layer_file import file_tensors
from fv_export.layer_reasons import Reason, reason_for
from fv_export.layer_stats import Figures
from fv_export.layer_tallies import Tallies
from fv_export.pictures import from_split
from fv_export.rewriting import rewrite
from fv_export.rules import rewrites_for
from fv_export.schemes import SCHEMES
from fv_export.source import Source, open_source

# At most so many stored numbers, to bound disk and time: 64 pictures of a MobileNetV3Small, 12 of an EfficientNet-B0.
_VALUES = 400_000_000
_FEWEST = 4
PROBE = 2


@dataclass(frozen=True)
class LayerOptions:
    """`model` against `full` (a run or a `.keras` file) on at most `samples` pictures of the set `data`.

    `input_range`: of a full model that is not a run; a file of somebody else's takes the same range.
    """

    model: Path
    full: Path
    data: Path
    samples: int = 64
    input_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class TensorReport:
    """`damage`: its share of the damage to the answer, 0 to 1. `operator`: the kind of node that writes it."""

    name: str
    operator: str
    shape: Shape
    damage: float
    figures: Figures
    reason: Reason


@dataclass(frozen=True)
class LayerReport:
    """`tensors`: worst first. `unmatched`: tensors that the file has no partner for. `order`: all, in execution order;
    `reads`: tensor -> those that its layer reads.

    `agreement`: share of equal answers. `answer_snr_db`: variance of the logits over that of their error; None where
    the file does not show them. `predicted_snr_db`: the same from the tensors' own errors, if these were independent.
    `notes`: what a reader must know.
    """

    model: str
    full: str
    scheme: str
    runtime: str
    pictures: int
    split: str
    agreement: float
    answer_snr_db: float | None
    predicted_snr_db: float | None
    tensors: tuple[TensorReport, ...]
    unmatched: tuple[str, ...]
    order: tuple[str, ...]
    reads: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]


def layer_report(options: LayerOptions, progress: Progress) -> LayerReport:
    """Compare; raises `NotComparable`, and what opening the file, the model and the image set raises."""
    model_format = check_model_path(options.model)
    manifest = read_manifest(options.model)
    source = open_source(options.full, None, options.input_range, None)
    scheme = manifest.scheme if manifest else _scheme_of(options.model)
    imageset = ImageSet.open(options.data)
    split = imageset.reported_split()
    graph = _graph(source, model_format, scheme, ours=manifest is not None)
    count = min(options.samples, max(_FEWEST, _VALUES // sum(math.prod(shape) for shape in graph.shapes.values())))
    pictures = from_split(imageset, split, count, source.preprocess)
    progress.say(f"{options.model.name} against {source.name} on {len(pictures)} pictures of {split}")
    corrected = answers(graph) if manifest and NAME in manifest.rewrites else ()
    progress.say("running the file with its inner tensors kept")
    given = None if manifest else options.input_range
    with file_tensors(options.model, graph, pictures.inputs, given, ours=manifest is not None) as found:
        tally = Tallies(graph, found.tensors, corrected)
        for done in tally.run(pictures.inputs):
            progress.advance("comparing tensors", done, len(pictures))
    return LayerReport(
        model=options.model.name,
        full=source.name,
        scheme=scheme,
        runtime=found.runtime,
        pictures=len(pictures),
        split=split,
        agreement=tally.agreement,
        answer_snr_db=tally.answer_snr_db,
        predicted_snr_db=tally.predicted_snr_db,
        tensors=_reports(graph, tally, scheme, manifest, corrected),
        unmatched=tuple(t for t in graph.tensors() if t not in found.tensors and t != graph.input),
        order=tuple(graph.tensors()),
        reads={node.output: node.inputs for node in graph.nodes},
        notes=tuple(_notes(source, manifest, tally, len(pictures) < options.samples)),
    )


def _reports(
    graph: Graph, tally: Tallies, scheme: str, manifest: Manifest | None, corrected: tuple[str, ...]
) -> tuple[TensorReport, ...]:
    """Worst first."""
    damages = tally.damages()
    total = sum(damages.values()) or 1.0
    kinds = {node.output: type(node).__name__ for node in graph.nodes}
    found = []
    for name, one in tally.tallies.items():
        figures = one.figures()
        reason = reason_for(name, figures, scheme, manifest, corrected)
        found.append(
            TensorReport(name, kinds[name], graph.shapes[name], damages.get(name, 0.0) / total, figures, reason)
        )
    return tuple(sorted(found, key=lambda one: -one.damage))


def _scheme_of(model: Path) -> str:
    found = inspect_model(model).scheme
    return found if found in SCHEMES else "fp32"


def _graph(source: Source, model_format: str, scheme: str, *, ours: bool) -> Graph:
    """The normal form as the file has it: our own files were rewritten, files of others were not."""
    graph = graph_of(source.model, source.name, source.input_range)
    names = rewrites_for(model_format, scheme if ours else "fp32")
    size = source.preprocess.input_size
    probe = np.stack([golden.draw(seed, size) for seed in golden.SEEDS[:PROBE]])
    return rewrite(graph, names, probe).graph


def _notes(source: Source, manifest: Manifest | None, tally: Tallies, fewer: bool) -> Iterator[str]:
    if manifest is None:
        matched = f"{len(tally.file)} of {tally.tensor_count} tensors were matched by name"
        yield f"no file of ours: {matched}; the error of the others counts for what is computed from them"
    elif manifest.source_sha256 != source.sha256:
        yield f"the file was not exported from {source.name} as it is now: another model's digest stands in it"
    if manifest and "finetune" in (manifest.calibration.method if manifest.calibration else ""):
        yield "the file was fine-tuned: its weights are not meant to be those of the full model"
    if manifest and NAME in manifest.rewrites:
        yield f"{NAME}: the last layer's mean was moved on purpose, and is not counted as damage"
    if fewer:
        yield "fewer pictures than asked for, to bound time and disk"
    if tally.answer_snr_db is None:
        yield "the file does not show its logits: shares rest on the layers in front of them"
