"""A model's answers about a question's pictures, computed on the device.

Here: labels and preprocessing are read from the file (in a child process), the pictures are made ready and sent, and
what comes back, n × C float32, is matched with the image set's classes by name. There: nothing but inference.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.accuracy import columns, evenly
from fv_benchmark.answer import MEMORY_BYTES, SECONDS_A_PICTURE, SECONDS_TO_OPEN, Question
from fv_benchmark.errors import BadAnswer
from fv_benchmark.targets.ssh.channel import Channel, Heard
from fv_benchmark.targets.ssh.pictures import Reading, write_inputs, write_photos
from fv_benchmark.targets.ssh.said import bad_answer
from fv_benchmark.targets.ssh.transfer import Parcel, send
from fv_core.files import sha256_of_file
from fv_core.imageset import ImageSet, Split
from fv_core.predictions import Predictions
from fv_core.preprocess import Preprocess
from fv_core.progress import Progress
from fv_edge_runtime.labels import check_count
from fv_edge_runtime.sandbox import run_in_child

_MARGIN_SECONDS = 60.0
# Probabilities that were computed in float32 and rounded; beyond that no softmax gives.
_OUT_OF_RANGE = 1e-2
# More than any classifier has; what a device says of a model's outputs decides how much of an answer is read.
_MAX_CLASSES = 100_000


def ask_model(
    channel: Channel, model: Parcel, question: Question, photos: Path | None, progress: Progress
) -> Predictions:
    """The answers of `model`, which is there already; `photos`: their folder, to send these and not network inputs."""
    imageset = ImageSet.open(question.imageset)
    split = imageset.split(question.split)
    chosen = evenly(len(split), question.limit)
    reading = _read(model.path, question)
    limits = {"seconds": SECONDS_TO_OPEN + SECONDS_A_PICTURE * len(chosen), "memory_bytes": MEMORY_BYTES}
    looked = _looked(
        channel.ask("look", {"model": model.name, **limits}, seconds=limits["seconds"] + _MARGIN_SECONDS)[0]
    )
    size, classes = looked
    preprocess = reading.preprocess or Preprocess(store_size=size, crop_fraction=1.0, input_size=size)
    labels = reading.labels or imageset.classes
    check_count(labels, classes, "the model's labels" if reading.labels else "the image set's classes")
    order = columns(labels, imageset.classes)
    with TemporaryDirectory(prefix="fv-pictures-") as folder:
        path = Path(folder) / "pictures.bin"
        asked = _write(split, chosen, preprocess, photos, path, progress)
        pictures = Parcel.of(path, ".bin", f"{len(chosen)} pictures")
        send(channel, [model, pictures], progress)
    asked |= {"count": len(chosen), "threads": question.threads, "input_range": question.input_range}
    task = f"answering there, {model.label}"
    heard = Heard(progress=lambda done, total: progress.advance(task, min(done, len(chosen)), len(chosen)))
    _, payload = channel.ask(
        "ask",
        {"model": model.name, "pictures": pictures.name, "question": asked, **limits},
        seconds=limits["seconds"] + _MARGIN_SECONDS,
        heard=heard,
        payload_bytes=4 * len(chosen) * classes,
    )
    return Predictions(
        ids=tuple(split.ids[index] for index in chosen),
        labels=np.asarray(split.labels)[chosen],
        probabilities=_probabilities(payload, len(chosen), classes)[:, order],
        classes=imageset.classes,
        dataset_fingerprint=imageset.fingerprint,
        split=question.split,
        model_sha256=sha256_of_file(model.path),
    )


def _read(path: Path, question: Question) -> Reading:
    job = {"path": str(path.resolve()), "input_range": question.input_range}
    said = run_in_child(
        "fv_benchmark.targets.ssh.pictures:read_here", job, seconds=SECONDS_TO_OPEN, memory_bytes=MEMORY_BYTES
    )
    labels, sizes = said["labels"], said["preprocess"]
    return Reading(None if labels is None else tuple(labels), None if sizes is None else Preprocess(**sizes))


def _looked(said: Any) -> tuple[int, int]:
    """Input size and number of classes."""
    try:
        size, classes = said["input_size"], said["classes"]
        if type(size) is not int or type(classes) is not int or not (0 < size < 1 << 14 and 1 < classes < _MAX_CLASSES):
            raise ValueError(f"{size} pixels, {classes} classes")
    except (TypeError, KeyError, ValueError) as error:
        raise bad_answer(error) from None
    return size, classes


def _write(
    split: Split,
    chosen: NDArray[np.int64],
    preprocess: Preprocess,
    photos: Path | None,
    path: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Write the pictures to `path`; how they are to be read there."""
    indices = [int(index) for index in chosen]
    about: dict[str, Any] = {"input_size": preprocess.input_size}
    if photos is not None:
        return {**about, "lengths": write_photos(split, indices, photos, path), "preprocess": asdict(preprocess)}
    write_inputs(
        split, indices, preprocess, path, lambda done: progress.advance("preparing pictures", done, len(indices))
    )
    return about


def _probabilities(payload: bytes, count: int, classes: int) -> NDArray[np.float32]:
    """(n, C) float32; raises `BadAnswer` for numbers that are no probabilities."""
    values = np.frombuffer(payload, dtype="<f4").reshape(count, classes).astype(np.float32)
    if not np.isfinite(values).all() or values.min() < -_OUT_OF_RANGE or values.max() > 1 + _OUT_OF_RANGE:
        raise BadAnswer("the device answered with numbers that are no probabilities", why="outside 0…1")
    return values
