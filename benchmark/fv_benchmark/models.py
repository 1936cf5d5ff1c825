"""Which model files are meant: files, folders of files, and runs, in the order of a table that can be read.

A folder stands for every model file in it; where it has none, for those in its `export/` (so a run can be named). They
are sorted so that the float file comes first: the first row is what the others are compared with. A file given twice is
measured twice: the ratio of a file to itself shows how far this machine can be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fv_core.errors import MissingPath
from fv_core.files import sha256_of_file
from fv_core.names import numbered
from fv_edge_runtime.model_path import FORMATS, check_model_path
from fv_edge_runtime.sandbox import run_in_child

# From most to least precise; what is not named so comes last.
SCHEME_ORDER = ("fp32", "fp16", "dynamic", "int16x8", "int8")
UNKNOWN_SCHEME = "unknown"
# The manifest is JSON behind a zip archive's directory; reading a 100 MB file takes well under a second.
_READ_SECONDS = 20.0
_READ_MEMORY_BYTES = 4 << 30


@dataclass(frozen=True)
class Model:
    """A model file. `name`: file name, with as many folders in front as tell it from the others; never a full path."""

    path: Path
    name: str
    format: str
    scheme: str
    sha256: str
    size_bytes: int


def find_models(given: Sequence[Path]) -> list[Model]:
    """The model files that `given` stand for.

    Raises `MissingPath`, `UnknownFormat`, `BadModelFile` or `UnsupportedModel` for what is no model file, and
    `BadManifest` for a damaged manifest.
    """
    paths = [path for one in given for path in _expand(one)]
    for path in paths:
        check_model_path(path)
    return [_model(path, name) for path, name in zip(paths, short_names(paths), strict=True)]


def short_names(paths: Sequence[Path]) -> list[str]:
    """File names, made different where two files share one: `a/x.tflite`, `b/x.tflite`; `x.tflite (2)` if the same."""
    depth = 1
    whole = [path.resolve() for path in paths]
    names = _tails(whole, depth)
    while len(set(names)) < len(set(whole)) and depth < max(len(path.parts) for path in whole):
        depth += 1
        names = _tails(whole, depth)
    return numbered(names)


def look_inside(path_text: str) -> dict[str, Any]:
    """In a child process: check the file's structure, before any runtime sees it, and read its scheme."""
    from fv_edge_runtime.classifier import check_sound
    from fv_edge_runtime.manifest_io import read_manifest

    path = Path(path_text)
    check_sound(path)
    manifest = read_manifest(path)
    return {"scheme": manifest.scheme if manifest else UNKNOWN_SCHEME}


def _expand(given: Path) -> list[Path]:
    if not given.is_dir():
        return [given]
    found = _in_folder(given) or _in_folder(given / "export")
    if not found:
        raise MissingPath(
            f"no model file in {given}",
            why=f"nothing there ends in {' or '.join(FORMATS)}",
            hint=f"fv export {given}",
        )
    return found


def _in_folder(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if path.suffix.lower() in FORMATS), key=_precision)


def _precision(path: Path) -> tuple[int, str, str]:
    scheme = next((name for name in SCHEME_ORDER if path.name.split(".")[0].endswith(f"_{name}")), None)
    rank = SCHEME_ORDER.index(scheme) if scheme else len(SCHEME_ORDER)
    # TFLite before ONNX: reversed by suffix.
    return rank, "" if path.suffix.lower() == ".tflite" else "z", path.name


def _tails(paths: Sequence[Path], depth: int) -> list[str]:
    """File names; those of different files that share one get up to `depth` parts of their paths."""
    names = [path.name for path in paths]
    shared = {name for name in names if len({path for path in paths if path.name == name}) > 1}
    return ["/".join(path.parts[-depth:]) if path.name in shared else path.name for path in paths]


def _model(path: Path, name: str) -> Model:
    said = run_in_child(
        "fv_benchmark.models:look_inside",
        str(path.resolve()),
        seconds=_READ_SECONDS,
        memory_bytes=_READ_MEMORY_BYTES,
    )
    return Model(
        path=path.resolve(),
        name=name,
        format=check_model_path(path),
        scheme=str(said["scheme"]),
        sha256=sha256_of_file(path),
        size_bytes=path.stat().st_size,
    )
