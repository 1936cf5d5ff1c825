"""Where the pages and their runtimes lie: the folder that `make web-assets` builds and the wheel `fv-web` carries.

They are 70 MB unpacked, so they are no part of the base wheel, and nothing is ever fetched while a page is served.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from pathlib import Path

from fv_benchmark.web.errors import WebAssetsMissing

_PACKAGE = "fv_web"
# What is looked for to tell a built folder from an empty one.
_PAGES = ("benchmark.html", "demo.html", "style.css")
_LITERT = ("litert_wasm_internal", "litert_wasm_compat_internal", "litert_wasm_threaded_internal")
_OF_FORMAT = {
    "tflite": (
        "litert-worker.js",
        *(f"litert/{name}{suffix}" for name in _LITERT for suffix in (".js", ".wasm")),
    ),
    "onnx": ("onnx-worker.js", "onnx/ort-wasm-simd-threaded.mjs", "onnx/ort-wasm-simd-threaded.wasm"),
}
_DEMO = ("demo.html", "demo.js", "style.css", "offline.js", "LICENSES.txt")


def web_assets() -> Path:
    """The folder of the built pages; raises `WebAssetsMissing`."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise _missing(f"the package {_PACKAGE} is not installed")
    folder = Path(found.origin).parent / "assets"
    absent = [name for name in _PAGES if not (folder / name).is_file()]
    if absent:
        raise _missing(f"{absent[0]} has not been built")
    return folder


def asset_names(folder: Path) -> list[str]:
    """Every file of the folder, relative and with forward slashes."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def demo_files(formats: Collection[str]) -> list[str]:
    """The files of a demo page that runs models of these formats (`tflite`, `onnx`), on the processor."""
    return [*_DEMO, *(name for format_ in sorted(set(formats)) for name in _OF_FORMAT[format_])]


def _missing(why: str) -> WebAssetsMissing:
    return WebAssetsMissing(
        "the pages for the browser are not here",
        why=why,
        hint="make web-assets (in a checkout), or: pip install 'fv[demo]'",
    )
