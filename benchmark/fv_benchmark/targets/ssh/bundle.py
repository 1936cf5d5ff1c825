"""The file that is sent to a device: the agent, the measuring worker, and exactly the modules of ours that they import.

Which ones is read from the sources: the imports at the top of each module, followed from `ROOTS`; an import inside a
function is for somebody else (a command line, Pillow). A zip that Python runs (PEP 441), always the same bytes.
"""

from __future__ import annotations

import ast
import io
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fv_edge_runtime.backends import BACKENDS

ROOTS = (
    "fv_benchmark.device.agent",
    "fv_benchmark.device.asking",
    "fv_benchmark.worker",
    "fv_benchmark.sustain",
    "fv_edge_runtime._child",
)
# Only where photos are decoded on the device: it imports Pillow.
PHOTO_ROOTS = ("fv_core.preprocess",)
_OURS = ("fv_core", "fv_edge_runtime", "fv_benchmark")
_MAIN = "import sys\nfrom fv_benchmark.device.agent import main\n\nmain(sys.argv[1:])\n"
# The earliest date that a zip knows.
_DATE = (1980, 1, 1, 0, 0, 0)


@cache
def bundle() -> bytes:
    """The file's bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        _add(archive, "__main__.py", _MAIN)
        for module in modules():
            path = _source(module)
            name = module.replace(".", "/") + ("/__init__.py" if path.name == "__init__.py" else ".py")
            _add(archive, name, path.read_text(encoding="utf-8"))
    return data.getvalue()


def modules() -> list[str]:
    """Names of the modules in the file, sorted; their packages among them."""
    backends = tuple(f"{BACKENDS.package}.{name}" for name in BACKENDS.names())
    waiting, found = [*ROOTS, *PHOTO_ROOTS, *backends], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [name.rpartition(".")[0]] if "." in name else []
            waiting += _imports(_source(name))
    return sorted(found)


def _imports(path: Path) -> Iterator[str]:
    """Our modules that the module at `path` imports when it is imported itself."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in _OURS:
            yield node.module
            yield from (full for one in node.names if _is_module(full := f"{node.module}.{one.name}"))
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.partition(".")[0] in _OURS)


def _is_module(name: str) -> bool:
    package, stem = _source(name.rpartition(".")[0]), name.rpartition(".")[2]
    inside = (package.parent / f"{stem}.py", package.parent / stem / "__init__.py")
    return package.name == "__init__.py" and any(path.is_file() for path in inside)


def _source(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source of {name}", name=name)
    return Path(spec.origin)


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, text)
