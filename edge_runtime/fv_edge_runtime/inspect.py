"""`fv inspect`: what is inside a model file, found in a child process.

A file that no runtime can open is still described as far as it can be read; `not_opened` then says why.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fv_core.files import sha256_of_file
from fv_edge_runtime.answers import SECONDS_TO_OPEN, memory_for
from fv_edge_runtime.errors import ChildCrashed, ChildOutOfMemory, ChildTimedOut
from fv_edge_runtime.facts import ModelFacts
from fv_edge_runtime.model_path import check_model_path
from fv_edge_runtime.sandbox import run_in_child


def inspect_model(path: Path) -> ModelFacts:
    """Describe a .tflite or .onnx file, without running anything of it in this process.

    Raises `MissingPath`, `UnknownFormat`, `BadModelFile`, `UnsupportedModel`, `BadManifest`, and the sandbox's errors.
    """
    facts = read_in_child(path)
    # A second child: where the runtime crashes on the file, what was read of it stands already.
    try:
        return _from_child("fv_edge_runtime.inspect:open_here", path)
    except (ChildCrashed, ChildOutOfMemory, ChildTimedOut) as error:
        return replace(facts, not_opened=str(error))


def read_in_child(path: Path) -> ModelFacts:
    """What can be read without a runtime, read in a child process. Raises as `inspect_model`."""
    check_model_path(path)
    return _from_child("fv_edge_runtime.inspect:read_here", path)


def read_facts(path: Path) -> ModelFacts:
    """What can be read without a runtime. Raises as `inspect_model`, but for the sandbox's errors."""
    if check_model_path(path) == "tflite":
        from fv_edge_runtime.inspect_tflite import tflite_facts

        return tflite_facts(path, sha256_of_file(path))
    from fv_edge_runtime.inspect_onnx import onnx_facts

    return onnx_facts(path, sha256_of_file(path))


def read_here(path: str) -> dict[str, Any]:
    """`read_facts` in this process, as data."""
    return read_facts(Path(path)).to_data()


def open_here(path: str) -> dict[str, Any]:
    """`read_facts`, and what the runtime shows that opens the file, in this process, as data."""
    from fv_edge_runtime.inspect_session import with_session

    return with_session(Path(path), read_facts(Path(path))).to_data()


def _from_child(target: str, path: Path) -> ModelFacts:
    data = run_in_child(target, str(path), seconds=SECONDS_TO_OPEN, memory_bytes=memory_for(path))
    try:
        return ModelFacts.from_data(data)
    except (KeyError, TypeError, ValueError) as error:
        raise ChildCrashed("the child process answered nonsense", why=str(error)) from error
