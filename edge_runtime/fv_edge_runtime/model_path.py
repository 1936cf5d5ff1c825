"""From a path to the bytes of a model file: does it exist, is it a file, which format does its name say?"""

from __future__ import annotations

from pathlib import Path

from fv_core.errors import MissingPath
from fv_edge_runtime.errors import BadModelFile, UnknownFormat

FORMATS = {".tflite": "tflite", ".onnx": "onnx"}
# Protocol buffers and FlatBuffers address 2 GiB; a larger file is of neither format.
MAX_FILE_BYTES = (1 << 31) - 1


def check_model_path(path: Path) -> str:
    """The format of the model file at `path`, `tflite` or `onnx`, by its suffix.

    Raises `MissingPath` where there is no such file, `UnknownFormat` for another suffix, `BadModelFile` when empty.
    """
    if path.is_dir():
        raise MissingPath(f"{path} is a folder", why="a model file was expected", hint=f"ls {path}")
    if not path.is_file():
        raise MissingPath(f"no model file at {path}", why="there is no such file", hint=f"ls {path.parent}")
    name = FORMATS.get(path.suffix.lower())
    if name is None:
        raise UnknownFormat(
            f"cannot tell the format of {path}",
            why=f"its name ends in {path.suffix!r}, not in {' or '.join(FORMATS)}",
            hint="fv export makes such files from a run or a .keras file",
        )
    if path.stat().st_size == 0:
        raise BadModelFile(f"{path} is empty", hint="export or download it again")
    return name


def read_model(path: Path) -> bytes:
    """All bytes of the model file; raises as `check_model_path`, and `BadModelFile` when it is too large."""
    check_model_path(path)
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadModelFile(f"{path} is too large", why=f"more than {MAX_FILE_BYTES} bytes", hint="give one model file")
    return path.read_bytes()
