"""In a child process on the device: a model's answers about pictures that were sent.

Pictures come either as network inputs, made where they came from: n × H × W × 3 bytes in a row; or as photos, one file
behind the other with their lengths, that are decoded here (which needs Pillow). The answers go to a file as float32,
picture after picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_edge_runtime.backends import open_session
from fv_edge_runtime.errors import BadModelFile
from fv_edge_runtime.tensors import input_form, output_count, to_input, to_probabilities

_SAY_EVERY = 8


def look(job: dict[str, Any]) -> dict[str, Any]:
    """What a file without a manifest does not say of itself. `job`: `path`."""
    session = open_session(Path(job["path"]))
    return {"input_size": input_form(session).size, "classes": output_count(session), "runtime": session.runtime}


def ask(job: dict[str, Any]) -> dict[str, Any]:
    """Ask about every picture. `job`: `path`, `pictures`, `count`, `input_size`, `threads`, `input_range`, `answers`
    and `counter` (paths to write to), and for photos `lengths` in bytes and `preprocess`."""
    session = open_session(Path(job["path"]), job["threads"])
    form, classes = input_form(session), output_count(session)
    if form.size != job["input_size"]:
        raise BadModelFile(
            "the model wants pictures of another size", why=f"{form.size}, not {job['input_size']} pixels"
        )
    input_range = tuple(job["input_range"]) if job["input_range"] else None
    inputs = _photos(job) if "lengths" in job else _network_inputs(job)
    with Path(job["answers"]).open("wb") as stream:
        for done, pixels in enumerate(inputs, 1):
            x = to_input(pixels, session, form, input_range)
            stream.write(to_probabilities(session.run(x), session).astype("<f4").tobytes())
            if done % _SAY_EVERY == 0 or done == job["count"]:
                Path(job["counter"]).write_text(f"{done} {job['count']}", encoding="ascii")
    return {"classes": classes, "runtime": session.runtime}


def _network_inputs(job: dict[str, Any]) -> Iterator[NDArray[np.uint8]]:
    size = job["input_size"]
    pictures = np.memmap(job["pictures"], dtype=np.uint8, mode="r", shape=(job["count"], size, size, 3))
    for index in range(job["count"]):
        yield np.asarray(pictures[index])


def _photos(job: dict[str, Any]) -> Iterator[NDArray[np.uint8]]:
    from fv_core.preprocess import Preprocess, decode

    preprocess = Preprocess(**job["preprocess"])
    with Path(job["pictures"]).open("rb") as stream:
        for length in job["lengths"]:
            yield preprocess(decode(stream.read(length)))
