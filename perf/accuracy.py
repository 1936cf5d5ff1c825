"""What int8 costs a trained network: our steps one by one, our files, and those of the stock tools, one table.

    python perf/accuracy.py RUN [--data IMAGESET] [--finetuned FOLDER] [--without peers|steps] [--limit N]

Every file answers every picture of the reported split (in a child process, as the accuracy gate asks), and is compared
with the full model's answers on the same pictures. All are calibrated on the same training pictures of the run's image
set. FOLDER: where `fv export RUN --int8 --finetune --out FOLDER` put its files.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fv_benchmark.answer import Question, answer
from fv_benchmark.gate import Budget, Gated, judge
from fv_benchmark.machine import usable_cores
from fv_core.predictions import Predictions
from fv_core.progress import Silent
from fv_export.calibrate import METHODS
from fv_export.disturbance import NAME as DISTURBANCE
from fv_export.from_keras import graph_of
from fv_export.gate import Gate, gatekeeper_for
from fv_export.graph import Annotation, Graph
from fv_export.pictures import Pictures, calibration_pictures
from fv_export.post_training import Observed
from fv_export.provenance import first_manifest
from fv_export.quantize import BITS, annotate
from fv_export.rewriting import rewrite
from fv_export.rules import rewrites_for
from fv_export.schemes import SCHEMES, Pair
from fv_export.source import Source, open_source

PICTURES = 200
# What the stock tools' files are called in the table, and what they are fed: pixels as the model takes them.
PEERS = {
    "tflite_int8": "TFLiteConverter",
    "ai_edge_int8": "ai-edge-quantizer static_wi8_ai8",
    "onnx_int8": "onnxruntime quantize_static",
}
FLOAT_PIXELS = (0.0, 255.0)
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """A line of the table: a file, or why there is none."""

    name: str
    path: Path | None
    input_range: tuple[float, float] | None = None
    failure: str = ""


def our_steps(source: Source, calibration: Pictures, folder: Path) -> Iterator[Row]:
    """TFLite files by every way of choosing ranges, weights to nearest and compensated; ONNX of the last."""
    graph = rewritten(source, calibration)
    observed = Observed(graph, calibration.inputs, Silent())
    bits = BITS[SCHEMES["int8"].activations]
    for method in (*METHODS, DISTURBANCE):
        ranges = observed.ranges(method, bits)
        for words, weights in (("nearest", graph), ("compensated", observed.rounded)):
            path = folder / f"{method}_{words}.tflite"
            write(path, source, weights, annotate(weights, ranges, "int8"))
            yield Row(f"fv: ranges {method}, weights {words}, tflite", path)
    best = annotate(observed.rounded, observed.ranges(DISTURBANCE, bits), "int8")
    exported, annotation = observed.answer_kept(observed.rounded, best)
    for name in ("tflite", "onnx"):
        path = folder / f"answer_kept.{name}"
        write(path, source, exported, annotation)
        yield Row(f"fv: as exported (both, and the answer's mean kept), {name}", path)


def rewritten(source: Source, calibration: Pictures) -> Graph:
    """The normal form that int8 files are written from; both formats have the same rules for it."""
    found = graph_of(source.model, source.name, source.input_range)
    return rewrite(found, rewrites_for("tflite", "int8"), calibration.inputs[:4]).graph


def write(path: Path, source: Source, graph: Graph, annotation: Annotation) -> None:
    """The int8 file of the format that the path ends in."""
    name = path.suffix[1:]
    manifest = first_manifest(source, Pair(name, "int8"), None, (), ())
    path.write_bytes(importlib.import_module(f"fv_export.write.{name}").write(graph, annotation, "int8", manifest))


def peers(source: Source, calibration: Pictures, folder: Path) -> Iterator[Row]:
    """The stock tools' int8 files, each made by `perf/peers.py` in a process of its own."""
    sys.path.insert(0, str(HERE))
    kinds = importlib.import_module("peers").KINDS
    arrays = folder / "pictures.npy"
    np.save(arrays, calibration.inputs)
    for kind, name in PEERS.items():
        path = folder / f"{kind}{kinds[kind][0]}"
        words = [sys.executable, str(HERE / "peers.py"), kind, str(source.model_path), str(path), str(arrays)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            yield Row(name, None, failure=(done.stderr.strip().splitlines() or ["no word"])[-1])
        else:
            yield Row(name, path, None if kind == "tflite_int8" else FLOAT_PIXELS)


def finetuned(folder: Path | None) -> Iterator[Row]:
    """The files of a fine-tuning export."""
    for path in sorted(folder.glob("*_int8*")) if folder else []:
        if path.suffix in (".tflite", ".onnx"):
            yield Row(f"fv: fine-tuned, {path.suffix[1:]}", path)


def line(name: str, judged: Gated) -> str:
    """A row of Markdown."""
    low, high = judged.drop.ci95_pp
    return (
        f"| {name} | {judged.file_top1:.2%} | {judged.drop.drop_pp:+.2f} [{low:+.2f}, {high:+.2f}] "
        f"| {judged.agreement:.1%} |"
    )


def same_answers(one: Predictions, other: Predictions) -> float:
    """Share of pictures to which two files give the same class; both were asked about the same split in order."""
    return float(np.mean(one.probabilities.argmax(1) == other.probabilities.argmax(1)))


def main(run: Path, data: Path | None, tuned: Path | None, without: list[str], limit: int | None) -> None:
    """Print the table."""
    source = open_source(run, None, None, None)
    if source.imageset is None:
        raise SystemExit(source.imageset_missing)
    calibration = calibration_pictures(source.imageset.folder, PICTURES, source.preprocess, Silent())
    keeper = gatekeeper_for(Gate(Budget(1.0), data), source, calibration, Silent())
    counted = min(limit or len(keeper.full.ids), len(keeper.full.ids))
    sys.stdout.write(
        f"{source.name}: full model {np.mean(keeper.full.correct()):.2%} of {len(keeper.full.ids)}; "
        f"files on {counted} pictures of {keeper.split}, calibrated on {PICTURES} of train\n"
        "| int8 | top-1 | drop, points [95 %] | agreement |\n|---|---|---|---|\n"
    )
    with tempfile.TemporaryDirectory(prefix="fv-accuracy-") as name:
        folder, said = Path(name), {}
        rows: list[Iterator[Row]] = [finetuned(tuned)]
        rows += [] if "steps" in without else [our_steps(source, calibration, folder)]
        rows += [] if "peers" in without else [peers(source, calibration, folder)]
        for row in (row for part in rows for row in part):
            if row.path is None:
                sys.stdout.write(f"| {row.name} | no file: {row.failure} | | |\n")
                continue
            question = Question(keeper.imageset.folder, keeper.split, usable_cores(), limit, row.input_range)
            said[row.name] = answer(row.path, question, Silent(), row.name)
            sys.stdout.write(line(row.name, judge(row.name, keeper.full, said[row.name], keeper.budget)) + "\n")
            sys.stdout.flush()
    for one, other in _twins(list(said)):
        sys.stdout.write(f"{one} and {other}: the same answer on {same_answers(said[one], said[other]):.1%}\n")


def _twins(names: list[str]) -> Iterator[tuple[str, str]]:
    return ((name, name[:-6] + "onnx") for name in names if name.endswith("tflite") and name[:-6] + "onnx" in names)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--finetuned", type=Path)
    parser.add_argument("--without", action="append", default=[], choices=["peers", "steps"])
    parser.add_argument("--limit", type=int)
    typed = parser.parse_args()
    main(typed.run, typed.data, typed.finetuned, typed.without, typed.limit)
