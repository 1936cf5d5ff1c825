"""Does the simulation of an int8 file answer as the file does? Picture by picture, for both formats.

    python perf/simulation.py RUN [--data IMAGESET] [--limit N]

The file is that of `fv export RUN --int8`: the same graph and annotation are written, and computed by
`fv_export.simulate` as the format's kernels round. Prints on how many pictures of the reported split both name the
same class, on how many no probability differs by more than 1e-5, and the largest difference.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import accuracy
import numpy as np

from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from fv_export import simulate
from fv_export.disturbance import NAME as DISTURBANCE
from fv_export.pictures import calibration_pictures, from_split
from fv_export.post_training import Observed
from fv_export.quantize import BITS, annotate
from fv_export.schemes import SCHEMES
from fv_export.source import open_source
from fv_export.verify import answers_of_file

EQUAL = 1e-5


def main(run: Path, data: Path | None, limit: int) -> None:
    """Print a line for each format."""
    source = open_source(run, None, None, None)
    if source.imageset is None:
        raise SystemExit(source.imageset_missing)
    calibration = calibration_pictures(source.imageset.folder, accuracy.PICTURES, source.preprocess, Silent())
    observed = Observed(accuracy.rewritten(source, calibration), calibration.inputs, Silent())
    annotation = annotate(observed.rounded, observed.ranges(DISTURBANCE, BITS[SCHEMES["int8"].activations]), "int8")
    graph, annotation = observed.answer_kept(observed.rounded, annotation)
    imageset = ImageSet.open(data or source.imageset.folder)
    inputs = from_split(imageset, imageset.reported_split(), limit, source.preprocess).inputs
    batch = inputs.astype(np.float32)
    for name in ("tflite", "onnx"):
        with tempfile.TemporaryDirectory(prefix="fv-simulation-") as folder:
            path = Path(folder) / f"{source.name}.{name}"
            accuracy.write(path, source, graph, annotation)
            file = answers_of_file(path, inputs)
        simulated = simulate.run(graph, annotation, batch, file_format=name)[graph.output]
        difference = np.abs(file - simulated).max(axis=1)
        sys.stdout.write(
            f"{source.name} {name}, {len(inputs)} pictures: the same class on "
            f"{np.mean(file.argmax(1) == simulated.argmax(1)):.2%}, no probability differs on "
            f"{np.mean(difference <= EQUAL):.1%}, largest difference {difference.max():.4f}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--limit", type=int, default=1000)
    typed = parser.parse_args()
    main(typed.run, typed.data, typed.limit)
