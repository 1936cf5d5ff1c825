"""ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_edge_runtime.backends._installed import has_module, version_of
from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from fv_edge_runtime.native_output import captured_stderr
from fv_edge_runtime.session import Backend, Quantization

_PROVIDERS = ["CPUExecutionProvider"]
# Errors only; warnings are about the machine (no GPU found, threads not pinned) and about unused weights.
_LOG_ERRORS = 3
_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(double)": np.float64,
}


class OnnxSession:
    """A `Session` of ONNX Runtime. ONNX has no quantized tensor types: both quantizations are None."""

    input_quantization: Quantization | None = None
    output_quantization: Quantization | None = None

    def __init__(self, session: Any, errors: tuple[type[Exception], ...], runtime: str) -> None:
        self._session = session
        self._errors = errors
        self.runtime = runtime
        source, sink = _only(session.get_inputs()), _only(session.get_outputs())
        self._input_name, self._output_names = source.name, [sink.name]
        self.input_shape, self.output_shape = _shape(source), _shape(sink)
        self.input_dtype, self.output_dtype = _dtype(source), _dtype(sink)

    def run(self, x: NDArray[Any]) -> NDArray[Any]:
        """See `Session`."""
        try:
            return np.asarray(self._session.run(self._output_names, {self._input_name: x})[0])
        except self._errors as error:
            raise BadModelFile("the model cannot be run", why=_first_line(error)) from error


def open_onnxruntime(path: Path, threads: int) -> OnnxSession:
    """Open an ONNX file with ONNX Runtime's defaults, on the CPU."""
    with captured_stderr():
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as state

    errors: tuple[type[Exception], ...] = (UnicodeDecodeError, state.Fail, state.InvalidArgument, state.InvalidGraph)
    errors += (state.InvalidProtobuf, state.NotImplemented, state.RuntimeException, state.NoSuchFile)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_ERRORS
    runtime = f"onnxruntime {version_of('onnxruntime', 'onnxruntime-gpu')}"
    failure: Exception | None = None
    with captured_stderr():
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=_PROVIDERS)
            opened = OnnxSession(session, errors, runtime)
        except errors as error:  # UnicodeDecodeError: names are decoded when they are asked for
            failure = error
    if failure is not None:
        raise BadModelFile(
            f"{runtime} cannot open {path}", why=_first_line(failure), hint=f"fv inspect {path}"
        ) from failure
    return opened


def _only(values: list[Any]) -> Any:
    if len(values) != 1:
        raise UnsupportedModel(
            f"the model has {len(values)} inputs or outputs", why="a classifier has one input and one output"
        )
    return values[0]


def _shape(value: Any) -> tuple[int, ...]:
    """The shape at batch 1; raises `UnsupportedModel` where another size is free."""
    sizes = list(value.shape)
    if sizes and not isinstance(sizes[0], int):
        sizes[0] = 1
    if not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise UnsupportedModel(
            f"{value.name!r} has the shape {value.shape}", why="only the batch may be free", hint="export fixed sizes"
        )
    return tuple(sizes)


def _dtype(value: Any) -> np.dtype[Any]:
    if value.type not in _DTYPES:
        raise UnsupportedModel(f"{value.name!r} is a {value.type}", why="a classifier takes and gives plain tensors")
    return np.dtype(_DTYPES[value.type])


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "")


BACKEND = Backend(
    name="onnxruntime",
    format="onnx",
    preference=0,
    extra="onnx",
    is_installed=lambda: has_module("onnxruntime"),
    open=open_onnxruntime,
)
