"""LiteRT, the TFLite interpreter that is maintained: the package `ai-edge-litert` (64-bit systems)."""

from __future__ import annotations

from pathlib import Path

from fv_core.errors import MissingExtra
from fv_edge_runtime.backends._installed import has_module, version_of
from fv_edge_runtime.backends._tflite import TfliteInner, TfliteSession, allocated, open_tflite
from fv_edge_runtime.native_output import captured_stderr
from fv_edge_runtime.session import Backend


def open_litert(path: Path, threads: int) -> TfliteSession:
    """Open a TFLite file with LiteRT and its default delegate, XNNPACK."""
    with captured_stderr():
        from ai_edge_litert.interpreter import Interpreter

    runtime = f"ai-edge-litert {version_of('ai-edge-litert')}"
    return open_tflite(Interpreter, runtime, path, threads, delegates_int8=True)


def open_inner_litert(path: Path) -> TfliteInner:
    """Open a TFLite file so that its inner tensors can be read; raises `MissingExtra` and as `open_litert`."""
    if not has_module("ai_edge_litert"):
        raise MissingExtra(
            "the tensors inside a TFLite file need ai-edge-litert",
            why="it is not installed",
            hint="pip install 'fv[litert]'",
        )
    with captured_stderr():
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

    runtime = f"ai-edge-litert {version_of('ai-edge-litert')}"
    interpreter = allocated(
        Interpreter,
        runtime,
        path,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    return TfliteInner(interpreter, runtime)


BACKEND = Backend(
    name="ai-edge-litert",
    format="tflite",
    preference=0,
    extra="litert",
    is_installed=lambda: has_module("ai_edge_litert"),
    open=open_litert,
)
