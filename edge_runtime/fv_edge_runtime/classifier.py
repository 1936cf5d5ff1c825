"""A model file and a picture → the most probable labels.

A file that `fv export` wrote carries its labels and its preprocessing. A file of somebody else's needs `labels` (or
has them in its standard TFLite metadata); its picture is then the centred square, resized to the input's size.

The file is checked for soundness (`tflite_check`, `onnx_check`) and tried out in a child process (`probe`) before a
runtime in this one sees it. `answers.answer` does the whole work in a child process, pictures too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_core.errors import BadManifest, BadPicture
from fv_core.manifest import Manifest
from fv_core.preprocess import Preprocess, decode
from fv_edge_runtime.backends import open_session
from fv_edge_runtime.errors import BadInputRange, LabelsMissing
from fv_edge_runtime.labels import check_count
from fv_edge_runtime.manifest_io import read_embedded_labels, read_manifest
from fv_edge_runtime.model_path import check_model_path
from fv_edge_runtime.onnx_check import check_onnx
from fv_edge_runtime.onnx_file import read_onnx
from fv_edge_runtime.probe import check_digest
from fv_edge_runtime.probe import probe as try_out
from fv_edge_runtime.tensors import Range, check_range, input_form, output_count, to_input, to_probabilities
from fv_edge_runtime.tflite_check import check_tflite
from fv_edge_runtime.tflite_file import read_tflite


class Classifier:
    """An opened model file.

    `labels`: names, index = output. `preprocess`: decoded picture -> network input. `manifest`: what the file says of
    itself, None for a file of somebody else's. `input_size`: side of the network's input in pixels. `session`: the
    opened file, for whoever wants to time it. `path`: where it is.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        labels: Sequence[str] | None = None,
        threads: int = 1,
        preprocess: Preprocess | None = None,
        input_range: Range | None = None,
        sha256: str | None = None,
        probe: bool = True,
    ) -> None:
        """Open `path`.

        A file may crash its runtime, and this process with it. So a child process opens it first and runs it once
        (`probe`), unless its `sha256` is given and is this file's, or `probe` is False.

        `labels` and `preprocess` go before what the file says. `input_range`: what the network wants 0 and 255 to be,
        for a file without a manifest. Raises `MissingPath`, `UnknownFormat`, `MissingExtra`, `BadModelFile`,
        `UnsupportedModel`, `BadManifest`, `LabelsMissing`, `LabelCount`, `BadInputRange`, and what `probe` raises.
        """
        self.path = path = Path(path)
        check_sound(path)
        if sha256 is not None:
            check_digest(path, sha256)
        elif probe:
            try_out(path)
        self.manifest: Manifest | None = read_manifest(path)
        if input_range is not None:
            check_input_range(input_range, self.manifest)
        self._input_range = input_range
        self.session = open_session(path, threads)
        self._form = input_form(self.session)
        self.input_size = self._form.size
        self.labels = _labels(path, labels, self.manifest, output_count(self.session))
        self.preprocess = preprocess or _preprocess(self.manifest, self.input_size)

    def classify(self, picture: Path | str | bytes | NDArray[np.uint8], top: int = 5) -> list[tuple[str, float]]:
        """The `top` most probable (label, probability), most probable first; equal ones in the order of the labels.

        `picture`: a path, the bytes of a picture file, or decoded pixels (h, w, 3) uint8 RGB. Raises `MissingPath`,
        `BadPicture`, `NotProbabilities`.
        """
        pixels = _checked(picture) if isinstance(picture, np.ndarray) else decode(picture)
        return most_probable(self.labels, self.probabilities(self.preprocess(pixels)[None])[0], top)

    def probabilities(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Network inputs (n, H, W, 3) uint8 -> (n, C) float32; one inference each. Raises `NotProbabilities`."""
        wanted = (self.input_size, self.input_size, 3)
        if batch.dtype != np.uint8 or batch.shape[1:] != wanted:
            raise ValueError(f"network inputs are uint8 (n, {', '.join(map(str, wanted))}), not {batch.shape}")
        answers = np.empty((len(batch), len(self.labels)), dtype=np.float32)
        for row, pixels in enumerate(batch):
            answers[row] = to_probabilities(self.session.run(self.tensor(pixels)), self.session)
        return answers

    def tensor(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """A network input (H, W, 3) uint8 as the tensor that the file takes, for whoever runs the file elsewhere."""
        return to_input(pixels, self.session, self._form, self._input_range)


def most_probable(labels: Sequence[str], answers: NDArray[np.float32], top: int) -> list[tuple[str, float]]:
    """The `top` largest of the probabilities (C,) with their labels; equal ones in the order of the labels."""
    if top < 1:
        raise ValueError(f"top must be at least 1, not {top}")
    order = np.argsort(-answers, kind="stable")[:top]
    return [(labels[index], float(answers[index])) for index in order]


def check_sound(path: Path) -> None:
    """Read the structure of a model file; raises `MissingPath`, `UnknownFormat`, `BadModelFile`, `UnsupportedModel`."""
    if check_model_path(path) == "tflite":
        check_tflite(read_tflite(path))
    else:
        read_onnx(path)
        check_onnx(path)


def _labels(path: Path, given: Sequence[str] | None, manifest: Manifest | None, outputs: int) -> tuple[str, ...]:
    if given is not None:
        labels, origin = tuple(given), "the given list"
    elif manifest is not None:
        labels, origin = manifest.labels, "the manifest inside the file"
    else:
        embedded = read_embedded_labels(path)
        if embedded is None:
            raise LabelsMissing(
                f"{path} carries no labels",
                why=f"it has no manifest, so nothing says what its {outputs} outputs mean",
                hint=f"fv predict {path} PICTURE --labels FILE (one label a line)",
            )
        labels, origin = embedded, "the label file inside the model"
    check_count(labels, outputs, origin)
    return labels


def _preprocess(manifest: Manifest | None, input_size: int) -> Preprocess:
    if manifest is None:
        return Preprocess(store_size=input_size, crop_fraction=1.0, input_size=input_size)
    if manifest.preprocess.input_size != input_size:
        raise BadManifest(
            "the manifest contradicts the model",
            why=f"it says {manifest.preprocess.input_size} pixels, the input has {input_size}",
            hint="export the model again",
        )
    return manifest.preprocess


def check_input_range(input_range: Range, manifest: Manifest | None) -> None:
    """Raise `BadInputRange` for a range that is none, or that contradicts the file's manifest."""
    check_range(input_range)
    if manifest is not None:
        raise BadInputRange(
            "this file takes raw pixels", why="fv wrote it with its normalization inside", hint="leave the range out"
        )


def _checked(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise BadPicture(
            f"cannot classify an array of {picture.dtype} {picture.shape}",
            why="decoded pixels are uint8 (height, width, 3), RGB",
        )
    return picture
