"""What a project's test is held against: pictures and answers, in a form that every language reads.

Golden pictures are drawn from the manifest's seeds at the size of the network's input; beside each stand the answers of
this model file. They say whether the runtime computes what it should. Preprocessing samples are pictures of other sizes
in all eight EXIF orientations; beside each stands the SHA-256 of the network's input. They say whether the way to the
network is the one that it was trained with. A sample's PNG holds the pixels as stored and the orientation in its EXIF.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fv_core import golden
from fv_core.manifest import Manifest
from fv_core.preprocess import decode
from fv_embed.escape import properties

_EXIF_ORIENTATION = 0x0112
# Width and height as multiples of the stored square's side, orientations 1 to 8 in turn: reduced and enlarged, broad
# and high, one that is a square already. One or two odd pixels are added, so that no offset comes out even.
SHAPES = ((1.7, 1.3), (0.4, 0.9), (1.0, 1.0), (0.2, 0.3), (2.1, 0.5), (0.6, 1.4), (0.3, 0.2), (1.2, 1.1))
# Seeds beyond those of the golden pictures.
_FIRST_SEED = 101
# A picture of a few pixels may look the same when it is turned.
_MIN_SIDE = 5
# The largest sample a project carries; a larger network gets smaller pictures.
_MAX_SIDE = 500


@dataclass(frozen=True)
class Question:
    """A golden picture: its file, SHA-256 of its pixels, and this model file's C probabilities."""

    file: str
    seed: int
    sha256: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Sample:
    """A preprocessing sample: its file, how it is to be turned, and SHA-256 of the network's input."""

    file: str
    orientation: int
    sha256: str


@dataclass(frozen=True)
class Samples:
    """All of them, and the PNG files they name.

    `tolerance`: largest difference of a probability. `labels_sha256`: of the labels in UTF-8, a zero byte between two.
    """

    tolerance: float
    labels_sha256: str
    questions: tuple[Question, ...]
    preprocessing: tuple[Sample, ...]
    files: dict[str, bytes]

    def as_json(self) -> str:
        """For languages that have a reader of JSON."""
        data = {
            "tolerance": self.tolerance,
            "labels_sha256": self.labels_sha256,
            "pictures": [asdict(one) for one in self.questions],
            "preprocessing": [asdict(one) for one in self.preprocessing],
        }
        return json.dumps(data, indent=1) + "\n"

    def as_properties(self) -> str:
        """For the Java platform: `picture.N.…` and `sample.N.…`, counted from 0."""
        lines = [
            f"tolerance={self.tolerance!r}",
            f"labels_sha256={self.labels_sha256}",
            f"pictures={len(self.questions)}",
            f"samples={len(self.preprocessing)}",
        ]
        for number, one in enumerate(self.questions):
            values = ",".join(repr(value) for value in one.probabilities)
            lines += [f"picture.{number}.file={properties(one.file)}", f"picture.{number}.sha256={one.sha256}"]
            lines += [f"picture.{number}.probabilities={values}"]
        for number, sample in enumerate(self.preprocessing):
            lines += [f"sample.{number}.file={properties(sample.file)}", f"sample.{number}.sha256={sample.sha256}"]
            lines += [f"sample.{number}.orientation={sample.orientation}"]
        return "\n".join(lines) + "\n"


def samples_for(manifest: Manifest) -> Samples:
    """Draw the pictures and compute what must come of them."""
    files: dict[str, bytes] = {}
    questions = []
    for entry in manifest.golden:
        name = f"golden_{entry.seed}.png"
        files[name] = _png(golden.draw(entry.seed, manifest.preprocess.input_size))
        questions.append(Question(name, entry.seed, entry.sha256, entry.file))
    preprocessing = []
    for orientation, shape in enumerate(SHAPES, start=1):
        name = f"orientation_{orientation}.png"
        files[name] = _png(_sample(orientation, shape, manifest.preprocess.store_size), orientation)
        digest = golden.sha256_of(manifest.preprocess(decode(files[name])))
        preprocessing.append(Sample(name, orientation, digest))
    digest = hashlib.sha256("\0".join(manifest.labels).encode()).hexdigest()
    return Samples(manifest.golden_tolerance, digest, tuple(questions), tuple(preprocessing), files)


def _sample(orientation: int, shape: tuple[float, float], side: int) -> NDArray[np.uint8]:
    """A picture (h, w, 3), about `shape` times `side`."""
    share = min(1.0, _MAX_SIDE / (max(shape) * side))
    width, height = (max(_MIN_SIDE, int(one * side * share)) for one in shape)
    if width != height:
        width, height = width | 1, height + 2 * (orientation % 2)
    return golden.draw(_FIRST_SEED + orientation, max(width, height))[:height, :width]


def _png(pixels: NDArray[np.uint8], orientation: int = 1) -> bytes:
    """Lossless, without a colour profile; with EXIF where the picture is to be turned."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    exif = Image.Exif()
    if orientation != 1:
        exif[_EXIF_ORIENTATION] = orientation
    stream = io.BytesIO()
    image.save(stream, "PNG", exif=exif)
    return stream.getvalue()
