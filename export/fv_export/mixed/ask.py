"""What files do to the answers on given pictures: asked in a child process, remembered by content.

A result's key is made of the file's bytes, the pictures, what the full model says of them, and the runtime that
answers. Files are asked a few to a process: starting one costs a second, and what a killed search loses is one batch.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fv_core.errors import FvError
from fv_edge_runtime.sandbox import run_in_child
from fv_export.mixed.damage import Damage, Probabilities, damage
from fv_export.mixed.memory import Memory, key_of
from fv_export.verify import MEMORY_BYTES, SECONDS_FOR_OPENING, SECONDS_PER_PICTURE, FileFailed

_RUNTIME = {"tflite": "ai-edge-litert", "onnx": "onnxruntime"}
_FILES_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class Pictures:
    """`inputs`: (n, H, W, 3) uint8 network inputs; `labels`: (n,); `full`: (n, C) of the full model, in the order of
    the file's outputs."""

    inputs: NDArray[np.uint8]
    labels: NDArray[np.int32]
    full: Probabilities

    def digest(self) -> str:
        """Of everything in here."""
        return key_of(self.inputs.tobytes(), self.labels.tobytes(), self.full.tobytes())


class Asker:
    """Asks files of one format (`tflite`, `onnx`) about the same pictures; a context, for the pictures lie on disk."""

    def __init__(self, format_name: str, pictures: Pictures, memory: Memory) -> None:
        self._format = format_name
        self.pictures = pictures
        self._memory = memory
        runtime = _RUNTIME[format_name]
        self._key = key_of("damage 3", pictures.digest(), runtime, version(runtime), platform.machine())
        self._folder = tempfile.TemporaryDirectory(prefix="fv-mixed-")

    def __enter__(self) -> Asker:
        np.save(self._place("inputs.npy"), self.pictures.inputs, allow_pickle=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def damage(self, data: bytes) -> Damage:
        """Of one file, given by its bytes. Raises `FileFailed`."""
        return self.damages([data])[0]

    def damages(self, files: Sequence[bytes]) -> list[Damage]:
        """Of each file. Raises `FileFailed` for one that its runtime cannot run."""
        keys = [key_of(self._key, data) for data in files]
        known = {key: Damage(**found) for key in dict.fromkeys(keys) if (found := self._memory.get(key)) is not None}
        missing = {key: data for key, data in zip(keys, files, strict=True) if key not in known}
        for start in range(0, len(missing), _FILES_AT_ONCE):
            part = list(missing)[start : start + _FILES_AT_ONCE]
            for key, answers in zip(part, self.answers([missing[key] for key in part]), strict=True):
                known[key] = damage(self.pictures.full, answers, self.pictures.labels)
                self._memory.put(key, asdict(known[key]))
        return [known[key] for key in keys]

    def answers(self, files: Sequence[bytes]) -> list[Probabilities]:
        """(n, C) of each file, asked now. Raises `FileFailed`."""
        paths = [self._place(f"{index}.{self._format}") for index in range(len(files))]
        places = [self._place(f"{index}.npy") for index in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        pairs = [[str(path), str(answer)] for path, answer in zip(paths, places, strict=True)]
        try:
            run_in_child(
                "fv_export.mixed.child:main",
                {"inputs": str(self._place("inputs.npy")), "files": pairs},
                seconds=SECONDS_FOR_OPENING + SECONDS_PER_PICTURE * len(self.pictures.inputs) * len(files),
                memory_bytes=MEMORY_BYTES,
            )
        except FvError as error:
            raise FileFailed("a file of the search does not run", why=str(error), hint="fv doctor") from error
        return [np.asarray(np.load(answer, allow_pickle=False), np.float32) for answer in places]

    def _place(self, name: str) -> Path:
        return Path(self._folder.name) / name
