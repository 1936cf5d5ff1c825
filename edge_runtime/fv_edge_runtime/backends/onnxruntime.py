"""ONNX Runtime on the CPU, without its telemetry.

From 1.31 on the packages for Linux are built with telemetry: importing one writes a device id and a queue of events
below ~/.cache and uploads them (microsoft/onnxruntime#27379; found by the tests of hostile files, which look for what a
command leaves behind). `disable_telemetry_events` comes too late for both; `ORT_DISABLE_TELEMETRY`, set before the
import, is the full opt-out. Whoever wants the telemetry sets it to 0.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_edge_runtime.backends._installed import has_module, version_of
from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from fv_edge_runtime.inner import InnerTensor
from fv_edge_runtime.native_output import captured_stderr
from fv_edge_runtime.session import Backend, Quantization

_PROVIDERS = ["CPUExecutionProvider"]
# Errors only; warnings are about the machine (no GPU found, threads not pinned) and about unused weights.
_LOG_ERRORS = 3
_NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
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

    def __init__(
        self, session: Any, errors: tuple[type[Exception], ...], runtime: str, *, several_outputs: bool = False
    ) -> None:
        self._session = session
        self._errors = errors
        self.runtime = runtime
        outputs = session.get_outputs()
        source, sink = _only(session.get_inputs()), outputs[0] if several_outputs else _only(outputs)
        self.input_name, self.output_names = source.name, [one.name for one in outputs]
        self.input_shape, self.output_shape = _shape(source), _shape(sink)
        self.input_dtype, self.output_dtype = _dtype(source), _dtype(sink)

    def run(self, x: NDArray[Any]) -> NDArray[Any]:
        """See `Session`."""
        return self.run_all(x)[self.output_names[0]]

    def run_all(self, x: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """One inference: every output by its name."""
        try:
            values = self._session.run(self.output_names, {self.input_name: x})
        except self._errors as error:
            raise BadModelFile("the model cannot be run", why=_first_line(error)) from error
        return {name: np.asarray(value) for name, value in zip(self.output_names, values, strict=True)}


class OnnxInner:
    """An `InnerSession` of a file whose inner tensors are among its outputs; `quantizations` of those that have one."""

    def __init__(self, session: OnnxSession, output: str, quantizations: dict[str, Quantization]) -> None:
        self._session = session
        self.runtime = session.runtime
        self.input_name, self.output_name = session.input_name, output
        self.tensors = {name: InnerTensor(name, (), quantizations.get(name)) for name in session.output_names}
        self._values: dict[str, NDArray[Any]] = {}

    def run(self, x: NDArray[Any]) -> None:
        """See `InnerSession`."""
        self._values = self._session.run_all(x)

    def value(self, name: str) -> NDArray[Any]:
        """See `InnerSession`."""
        return self._values[name]


def open_onnxruntime(path: Path, threads: int) -> OnnxSession:
    """Open an ONNX file with ONNX Runtime's defaults, on the CPU."""
    return _opened(path, threads, several_outputs=False)


def open_inner_onnxruntime(path: Path, output: str, quantizations: dict[str, Quantization]) -> OnnxInner:
    """Open an ONNX file that has every wanted tensor among its outputs; raises as `open_onnxruntime`.

    `output`: the name of the answer, which stands first.
    """
    return OnnxInner(_opened(path, 1, several_outputs=True), output, quantizations)


def _opened(path: Path, threads: int, *, several_outputs: bool) -> OnnxSession:
    os.environ.setdefault(_NO_TELEMETRY, "1")
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
            opened = OnnxSession(session, errors, runtime, several_outputs=several_outputs)
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
