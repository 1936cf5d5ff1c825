"""What the two TFLite runtimes share: the same interpreter under two names. Imports neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from fv_edge_runtime.inner import InnerTensor
from fv_edge_runtime.native_output import captured_stderr
from fv_edge_runtime.session import Quantization
from fv_edge_runtime.tflite_names import DELEGATE


class TfliteSession:
    """A `Session` of a TFLite interpreter whose tensors are allocated.

    `delegates_int8`: whether this runtime's XNNPACK takes int8 operators when nobody asks it to.
    """

    def __init__(self, interpreter: Any, runtime: str, *, delegates_int8: bool) -> None:
        self._interpreter = interpreter
        self.runtime = runtime
        self.delegates_int8 = delegates_int8
        source, sink = _only(interpreter.get_input_details()), _only(interpreter.get_output_details())
        self._input_index, self._output_index = source["index"], sink["index"]
        self.input_shape, self.output_shape = _shape(source), _shape(sink)
        self.input_dtype, self.output_dtype = np.dtype(source["dtype"]), np.dtype(sink["dtype"])
        self.input_quantization, self.output_quantization = _quantization(source), _quantization(sink)

    def run(self, x: NDArray[Any]) -> NDArray[Any]:
        """See `Session`."""
        self._interpreter.set_tensor(self._input_index, x)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise BadModelFile("the model cannot be run", why=_first_line(error)) from error
        return np.asarray(self._interpreter.get_tensor(self._output_index))

    def delegate_nodes(self) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """(input tensors, output tensors) of each delegate partition, in the order of execution."""
        details = self._interpreter._get_ops_details()
        return [
            (tuple(int(i) for i in node["inputs"]), tuple(int(i) for i in node["outputs"]))
            for node in details
            if node["op_name"] == DELEGATE
        ]


class TfliteInner:
    """An `InnerSession` of a TFLite interpreter that keeps its tensors."""

    def __init__(self, interpreter: Any, runtime: str) -> None:
        self._interpreter = interpreter
        self.runtime = runtime
        source, sink = _only(interpreter.get_input_details()), _only(interpreter.get_output_details())
        self._input_index = source["index"]
        self.input_name, self.output_name = source["name"], sink["name"]
        details = {one["name"]: one for one in interpreter.get_tensor_details()}
        self._indices = {name: one["index"] for name, one in details.items()}
        self.tensors = {name: InnerTensor(name, _shape(one), _quantization(one)) for name, one in details.items()}

    def run(self, x: NDArray[Any]) -> None:
        """See `InnerSession`."""
        self._interpreter.set_tensor(self._input_index, x)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise BadModelFile("the model cannot be run", why=_first_line(error)) from error

    def value(self, name: str) -> NDArray[Any]:
        """See `InnerSession`."""
        return np.asarray(self._interpreter.get_tensor(self._indices[name]))


def open_tflite(
    interpreter_type: Callable[..., Any], runtime: str, path: Path, threads: int, *, delegates_int8: bool
) -> TfliteSession:
    """Open `path` with the runtime's `Interpreter`; raises `BadModelFile` or `UnsupportedModel`."""
    interpreter = allocated(interpreter_type, runtime, path, num_threads=threads)
    return TfliteSession(interpreter, runtime, delegates_int8=delegates_int8)


def allocated(interpreter_type: Callable[..., Any], runtime: str, path: Path, **options: Any) -> Any:
    """An interpreter with room for its tensors; `options` are its own. Raises as `open_tflite`."""
    with captured_stderr() as written:
        failure: Exception | None = None
        try:
            interpreter = interpreter_type(model_path=str(path), **options)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            failure = error
    if failure is not None:
        raise _refused(path, runtime, _first_line(failure) or written.reason()) from failure
    return interpreter


def _refused(path: Path, runtime: str, why: str) -> BadModelFile | UnsupportedModel:
    # What the resolver says of operators that are not built in ("Encountered unresolved custom op: X", "… Flex ops").
    if "custom op" in why or "Flex" in why or "not supported" in why or "Didn't find op" in why:
        return UnsupportedModel(
            f"{runtime} cannot run {path}", why=why, hint="export with built-in operators only: fv export"
        )
    return BadModelFile(f"{runtime} cannot open {path}", why=why, hint=f"fv inspect {path}")


def _only(details: list[dict[str, Any]]) -> dict[str, Any]:
    if len(details) != 1:
        raise UnsupportedModel(
            f"the model has {len(details)} inputs or outputs", why="a classifier has one input and one output"
        )
    return details[0]


def _shape(details: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(size) for size in details["shape"])


def _quantization(details: dict[str, Any]) -> Quantization | None:
    if np.dtype(details["dtype"]).kind == "f":
        return None
    scale, zero_point = details["quantization"]
    # Scale 0 is how the interpreter says that an integer tensor has no quantization.
    return Quantization(float(scale), int(zero_point)) if scale else None


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else ""
