"""What a page has to know of a model file, read in a child process: a file that nobody vouches for meets no parent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fv_benchmark.models import UNKNOWN_SCHEME
from fv_core.preprocess import Preprocess
from fv_edge_runtime.sandbox import run_in_child

# Opening a 200 MB file in a runtime takes seconds; the manifest alone, well under one.
_READ_SECONDS = 60.0
_READ_MEMORY_BYTES = 4 << 30


@dataclass(frozen=True)
class GoldenAnswer:
    """What this file answered to the golden picture `seed` where it was made: C probabilities."""

    seed: int
    file: tuple[float, ...]


@dataclass(frozen=True)
class PageModel:
    """A model file in a page's eyes. `labels`: None where neither its manifest nor its metadata names them."""

    name: str
    format: str
    scheme: str
    labels: tuple[str, ...] | None
    preprocess: Preprocess
    size_bytes: int
    golden: tuple[GoldenAnswer, ...] = ()
    golden_tolerance: float = 0.0


def page_model(path: Path) -> PageModel:
    """Read `path`; raises what `Classifier` raises, and the `Child…` errors."""
    said = run_in_child(
        "fv_benchmark.web.model:read_here",
        str(path.resolve()),
        seconds=_READ_SECONDS,
        memory_bytes=_READ_MEMORY_BYTES,
    )
    return PageModel(
        name=str(said["name"]),
        format=str(said["format"]),
        scheme=str(said["scheme"]),
        labels=None if said["labels"] is None else tuple(str(label) for label in said["labels"]),
        preprocess=Preprocess(**said["preprocess"]),
        size_bytes=path.stat().st_size,
        golden=tuple(GoldenAnswer(int(seed), tuple(float(x) for x in shares)) for seed, shares in said["golden"]),
        golden_tolerance=float(said["golden_tolerance"]),
    )


def read_here(path_text: str) -> dict[str, Any]:
    """In the child. A file with a manifest is not opened: a machine that only serves pages needs no runtime."""
    from fv_edge_runtime.backends import open_session
    from fv_edge_runtime.classifier import check_sound
    from fv_edge_runtime.manifest_io import read_embedded_labels, read_manifest
    from fv_edge_runtime.model_path import check_model_path
    from fv_edge_runtime.tensors import input_form

    path = Path(path_text)
    format_ = check_model_path(path)
    check_sound(path)
    manifest = read_manifest(path)
    if manifest is None:
        size = input_form(open_session(path, 1)).size
        return {
            "name": path.stem,
            "format": format_,
            "scheme": UNKNOWN_SCHEME,
            "labels": read_embedded_labels(path),
            "preprocess": asdict(Preprocess(size, 1.0, size)),
            "golden": [],
            "golden_tolerance": 0.0,
        }
    return {
        "name": manifest.name,
        "format": format_,
        "scheme": manifest.scheme,
        "labels": manifest.labels,
        "preprocess": asdict(manifest.preprocess),
        "golden": [(one.seed, one.file) for one in manifest.golden],
        "golden_tolerance": manifest.golden_tolerance,
    }
