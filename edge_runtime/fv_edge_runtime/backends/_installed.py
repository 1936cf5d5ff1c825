"""Is a distribution here, and in which version? Asked of the package metadata, nothing is imported."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec


def has_module(name: str) -> bool:
    """Whether `import name` would find something."""
    return find_spec(name) is not None


def version_of(*distributions: str) -> str:
    """The version of the first of the distributions that is installed, `unknown` where none says one.

    Several because one module may come from distributions of different names (`onnxruntime`, `onnxruntime-gpu`).
    """
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "unknown"
