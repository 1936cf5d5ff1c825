"""The pictures of a question as one file for the device: network inputs made here, or the photos themselves.

Network inputs are the bytes that the network sees, n × H × W × 3: the device then needs no decoder, and its accuracy
differs from this machine's by its arithmetic alone. With `--decode-on-device` the photo files go there as they are, one
behind the other, and are decoded and resized by the same code on the device's own libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fv_benchmark.targets.ssh.errors import NoPhotos
from fv_core.imageset import Split
from fv_core.preprocess import Preprocess
from fv_core.text import printable

_SAY_EVERY = 32


@dataclass(frozen=True)
class Reading:
    """What a model file says of itself; None where it does not. Made in a child process, the file is a stranger's."""

    labels: tuple[str, ...] | None
    preprocess: Preprocess | None


def read_here(job: dict[str, Any]) -> dict[str, Any]:
    """In a child process: check the file `path` and read its labels and preprocessing. `input_range`: what was given.

    Raises what `Classifier` raises for a damaged file, and for an input range that contradicts it.
    """
    from fv_edge_runtime.classifier import check_input_range, check_sound
    from fv_edge_runtime.manifest_io import read_embedded_labels, read_manifest

    path = Path(job["path"])
    check_sound(path)
    manifest = read_manifest(path)
    if job["input_range"]:
        check_input_range(tuple(job["input_range"]), manifest)
    if manifest is None:
        labels = read_embedded_labels(path)
        return {"labels": labels, "preprocess": None}
    pre = manifest.preprocess
    sizes = {"store_size": pre.store_size, "crop_fraction": pre.crop_fraction, "input_size": pre.input_size}
    return {"labels": manifest.labels, "preprocess": sizes}


def write_inputs(
    split: Split, chosen: Sequence[int], preprocess: Preprocess, path: Path, tell: Callable[[int], None]
) -> None:
    """Write the network inputs of the chosen pictures to `path`; `tell` hears how many are done."""
    with path.open("wb") as stream:
        for done, index in enumerate(chosen, 1):
            stream.write(np.ascontiguousarray(preprocess.network_input(split.images[index])).tobytes())
            if done % _SAY_EVERY == 0 or done == len(chosen):
                tell(done)


def write_photos(split: Split, chosen: Sequence[int], folder: Path, path: Path) -> list[int]:
    """Write the photo files of the chosen pictures to `path`; the length of each in bytes. Raises `NoPhotos`."""
    lengths = []
    with path.open("wb") as stream:
        for index in chosen:
            lengths.append(stream.write(_photo(folder, split.ids[index]).read_bytes()))
    return lengths


def _photo(folder: Path, sample_id: str) -> Path:
    """The file of a sample id, which is a path below the folder that the image set was prepared from."""
    path = (folder / sample_id).resolve()
    if path.is_relative_to(folder.resolve()) and path.is_file():
        return path
    raise NoPhotos(
        f"no photo {printable(sample_id)} in {folder}",
        why="the image set names its pictures by their place below the folder that it was prepared from",
        hint="--decode-on-device FOLDER, the one that was given to fv data prepare",
    )
