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
class PageModel:
    """A model file in a page's eyes. `labels`: None where neither its manifest nor its metadata names them."""

    name: str
    format: str
    scheme: str
    labels: tuple[str, ...] | None
    preprocess: Preprocess


def page_model(path: Path) -> PageModel:
    """Read `path`; raises what `Classifier` raises, and the `Child…` errors."""
    said = run_in_child(
        "fv_benchmark.web.model:read_here",
        str(path.resolve()),
        seconds=_READ_SECONDS,
        memory_bytes=_READ_MEMORY_BYTES,
    )
    labels = None if said["labels"] is None else tuple(str(label) for label in said["labels"])
    preprocess = Preprocess(**said["preprocess"])
    return PageModel(str(said["name"]), str(said["format"]), str(said["scheme"]), labels, preprocess)


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
    if manifest is not None:
        name, scheme, preprocess = manifest.name, manifest.scheme, manifest.preprocess
        labels: tuple[str, ...] | None = manifest.labels
    else:
        labels = read_embedded_labels(path)
        size = input_form(open_session(path, 1)).size
        name, scheme, preprocess = path.stem, UNKNOWN_SCHEME, Preprocess(size, 1.0, size)
    return {"name": name, "format": format_, "scheme": scheme, "labels": labels, "preprocess": asdict(preprocess)}
