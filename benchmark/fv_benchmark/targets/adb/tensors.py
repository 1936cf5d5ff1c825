"""Pictures into the tensors that a model file takes, and its output tensors into answers: the halves of an inference
that a phone's `benchmark_model` does not do. Both run in a child process here, since the model file is a stranger's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.accuracy import evenly, predict_split
from fv_benchmark.answer import classifier_for
from fv_benchmark.targets.adb.errors import BenchmarkModelFailed
from fv_core.imageset import ImageSet
from fv_core.preprocess import Preprocess
from fv_core.progress import Silent
from fv_edge_runtime.classifier import Classifier
from fv_edge_runtime.tensors import to_probabilities

INPUTS, OUTPUTS, ANSWERS = "inputs", "outputs.bin", "answers.npz"


def name_of(number: int) -> str:
    """`7` -> `000007`: sorted by name is sorted by number, on the phone too."""
    return f"{number:06d}"


def write_inputs_here(job: dict[str, Any]) -> dict[str, Any]:
    """In the child: one raw tensor a picture into `folder`/inputs. Answers with `shape`, `output_bytes`, `pictures`.

    `job`: the fields of `Question`, `model` and `folder`. Raises what `Classifier` raises.
    """
    imageset = ImageSet.open(Path(job["imageset"]))
    classifier = classifier_for(job["model"], imageset, job["threads"], job["input_range"])
    split, folder = imageset.split(job["split"]), Path(job["folder"]) / INPUTS
    folder.mkdir()
    chosen = evenly(len(split), job["limit"])
    for number, index in enumerate(chosen):
        pixels = classifier.preprocess.network_input(split.images[index])
        (folder / name_of(number)).write_bytes(np.ascontiguousarray(classifier.tensor(pixels)).tobytes())
    return {
        "shape": list(classifier.session.input_shape),
        "output_bytes": _output_bytes(classifier),
        "pictures": len(chosen),
    }


def read_outputs_here(job: dict[str, Any]) -> None:
    """In the child: the raw output tensors of all pictures, in order in `folder`/outputs.bin, into answers.npz."""
    imageset = ImageSet.open(Path(job["imageset"]))
    classifier = classifier_for(job["model"], imageset, job["threads"], job["input_range"])
    folder = Path(job["folder"])
    told = _Told(classifier, (folder / OUTPUTS).read_bytes())
    predict_split(told, imageset, job["split"], Silent(), limit=job["limit"]).save(folder / ANSWERS)


class _Told:
    """A classifier whose outputs were computed elsewhere; they are asked for in the pictures' order."""

    def __init__(self, classifier: Classifier, outputs: bytes) -> None:
        self._classifier = classifier
        self._outputs = outputs
        self._at = 0

    @property
    def path(self) -> Path:
        """See `Answering`."""
        return self._classifier.path

    @property
    def labels(self) -> Sequence[str]:
        """See `Answering`."""
        return self._classifier.labels

    @property
    def preprocess(self) -> Preprocess:
        """See `Answering`."""
        return self._classifier.preprocess

    def probabilities(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Answering`; raises `BenchmarkModelFailed` where outputs are missing."""
        session, size = self._classifier.session, _output_bytes(self._classifier)
        rows = []
        for _ in batch:
            part = self._outputs[self._at : self._at + size]
            if len(part) != size:
                raise BenchmarkModelFailed("the phone gave fewer answers than it was asked for", why="some are missing")
            output = np.frombuffer(part, dtype=session.output_dtype).reshape(session.output_shape)
            rows.append(to_probabilities(output, session))
            self._at += size
        return np.stack(rows)


def _output_bytes(classifier: Classifier) -> int:
    return int(np.prod(classifier.session.output_shape)) * classifier.session.output_dtype.itemsize
