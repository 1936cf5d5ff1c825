"""What a file's manifest says of its origin: put together from what the export knows and measured."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from fv_core import golden
from fv_core.manifest import Calibration, Drop, FloatTensor, Golden, Manifest
from fv_export import pictures
from fv_export.pictures import Pictures
from fv_export.schemes import Pair
from fv_export.source import Source
from fv_export.verify import Answers, Verdict

# The packages whose versions can change an answer.
PACKAGES = ("fv", "keras", "tensorflow", "ai-edge-litert", "onnxruntime", "onnx", "numpy")

# Begins what a fine-tuning adds to the method of a calibration: `inspect` does not advise it twice.
FINE_TUNED = "fine-tuned"


def calibration_record(calibration: Pictures, method: str) -> Calibration:
    """Which pictures set the ranges, and by which method."""
    return Calibration(
        dataset_sha256=calibration.dataset_sha256,
        split=calibration.split,
        count=len(calibration),
        seed=pictures.SEED,
        method=method,
        ids_sha256=calibration.ids_sha256(),
    )


def first_manifest(
    source: Source,
    pair: Pair,
    calibration: Calibration | None,
    floats: tuple[FloatTensor, ...],
    rewrites: tuple[str, ...],
) -> Manifest:
    """The manifest before anything was measured on the file."""
    return Manifest(
        name=source.name,
        scheme=pair.scheme,
        format=pair.format,
        labels=source.labels,
        labels_from=source.labels_from,
        preprocess=source.preprocess,
        source_sha256=source.sha256,
        versions=_versions(),
        rewrites=rewrites,
        float_tensors=floats,
        calibration=calibration,
    )


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def measured_drop(verdict: Verdict, verification: Pictures) -> Drop | None:
    """The drop that was measured, None where it could not be."""
    if verdict.drop is None or verdict.agreement is None:
        return None
    return Drop(
        drop_pp=verdict.drop.drop_pp,
        ci95_pp=verdict.drop.ci95_pp,
        agreement=verdict.agreement,
        n=verdict.n,
        split=verification.split,
        dataset_sha256=verification.dataset_sha256,
    )


def golden_answers(drawn: NDArray[np.uint8], full: Answers, file: Answers) -> tuple[Golden, ...]:
    """The golden pictures (8, N, N, 3) with both models' answers (8, C); none where the file's are not finite.

    Such a file is refused, and what cannot be compared is no reference.
    """
    if not np.isfinite(file).all():
        return ()
    return tuple(
        Golden(
            seed=seed,
            sha256=golden.sha256_of(drawn[index]),
            full=tuple(full[index].tolist()),
            file=tuple(file[index].tolist()),
        )
        for index, seed in enumerate(golden.SEEDS)
    )
