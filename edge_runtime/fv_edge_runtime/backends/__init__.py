"""The runtimes, one file each; the only place where a native runtime is imported.

A file is opened by the preferred runtime of its format that is installed: ai-edge-litert before tflite-runtime, which
is its older form. There is no other fallback: a file that this runtime cannot open is an error.
"""

from __future__ import annotations

from pathlib import Path

from fv_core.errors import MissingExtra
from fv_core.registry import Registry
from fv_edge_runtime.model_path import check_model_path
from fv_edge_runtime.session import Backend, Session

BACKENDS: Registry[Backend] = Registry("fv_edge_runtime.backends", "BACKEND", "runtime")


def open_session(path: Path, threads: int = 1) -> Session:
    """Open a .tflite or .onnx file, for `threads` threads of computation.

    Raises `MissingPath`, `UnknownFormat`, `MissingExtra`, `BadModelFile`, `UnsupportedModel`.
    """
    if threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    return backend_for(check_model_path(path)).open(path, threads)


def backend_for(model_format: str) -> Backend:
    """The preferred installed runtime for `tflite` or `onnx`; raises `MissingExtra` where there is none."""
    all_backends = (BACKENDS.get(name) for name in BACKENDS.names())
    fitting = sorted((one for one in all_backends if one.format == model_format), key=lambda one: one.preference)
    installed = next((one for one in fitting if one.is_installed()), None)
    if installed is None:
        raise MissingExtra(
            f"no runtime for .{model_format} files is installed",
            why=f"one of these is needed: {', '.join(one.name for one in fitting)}",
            hint=f"pip install 'fv[{fitting[0].extra}]'",
        )
    return installed
