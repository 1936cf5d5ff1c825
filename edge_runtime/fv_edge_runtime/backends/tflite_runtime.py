"""tflite-runtime, LiteRT's older form, for 32-bit Raspberry Pis: Python up to 3.11 and NumPy below 2."""

from __future__ import annotations

from pathlib import Path

from fv_core.errors import MissingExtra
from fv_edge_runtime.backends._installed import has_module, version_of
from fv_edge_runtime.backends._tflite import TfliteSession, open_tflite
from fv_edge_runtime.native_output import captured_stderr
from fv_edge_runtime.session import Backend


def open_tflite_runtime(path: Path, threads: int) -> TfliteSession:
    """Open a TFLite file with tflite-runtime and its default delegate, XNNPACK, which takes float only in 2.14."""
    try:
        with captured_stderr():
            from tflite_runtime.interpreter import Interpreter
    except (ImportError, AttributeError) as error:
        # Built against NumPy 1: under NumPy 2 its extension module fails to load, with the one or the other.
        raise MissingExtra(
            "tflite-runtime cannot be loaded", why=str(error), hint="pip install 'fv[tflite-runtime]' 'numpy<2'"
        ) from error
    runtime = f"tflite-runtime {version_of('tflite-runtime')}"
    return open_tflite(Interpreter, runtime, path, threads, delegates_int8=False)


BACKEND = Backend(
    name="tflite-runtime",
    format="tflite",
    preference=1,
    extra="tflite-runtime",
    is_installed=lambda: has_module("tflite_runtime"),
    open=open_tflite_runtime,
)
