"""The pictures that an export needs: some to set ranges, others to prove the files on.

Calibration pictures come from the training split of an image set, stratified and seeded, or from a folder of pictures;
they are recorded by sample id. Verification pictures come from the reported split. Both are network inputs, made by
`fv_core.preprocess`.

Noise is refused. Neighbouring pixels of a photo are alike, those of noise are not. The correlation of the grey values
with those one column to the right was measured: full-size food photos 0.91 to 1 (median 0.98), the same at 64 pixels
0.63 to 1 (0.93), CIFAR-10 0.43 to 1 (0.90); uniform noise 0.00, uniform noise after a resize 0.25 to 0.27.
`MIN_CORRELATION` stands between, and is asked of the median picture, so single abstract pictures do no harm.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fv_core.errors import InputError, MissingPath
from fv_core.imageset import HEADER, ImageSet, Split
from fv_core.preprocess import SUFFIXES, Pixels, Preprocess, decode, stored_square
from fv_core.progress import Progress
from fv_export.calibration_check import check_sizes, check_values

MIN_CORRELATION = 0.5
SEED = 0
MIN_CALIBRATION = 16


class BadCalibration(InputError):
    """Calibration pictures that are missing, too few, noise or blank."""

    code = "bad-calibration"


@dataclass(frozen=True, eq=False)
class Pictures:
    """`inputs`: (n, H, W, 3) uint8 network inputs. `ids`: n sample ids. `labels`: (n,) or None where not known.

    `dataset_sha256`: fingerprint of the image set, or a digest of the folder's files. `split`: name, `-` for a folder.
    """

    inputs: NDArray[np.uint8]
    ids: tuple[str, ...]
    labels: NDArray[np.int32] | None
    dataset_sha256: str
    split: str

    def __len__(self) -> int:
        return len(self.ids)

    def ids_sha256(self) -> str:
        """Digest of the sample ids, in order."""
        return hashlib.sha256(json.dumps(list(self.ids)).encode()).hexdigest()


def stratified(labels: NDArray[np.int32], count: int, seed: int) -> NDArray[np.int64]:
    """Indices of at most `count` pictures, the classes as even as they can be, sorted; the same for the same seed."""
    order = np.random.default_rng(seed).permutation(len(labels))
    seen: dict[int, int] = {}
    rank = np.zeros(len(labels), dtype=np.int64)
    for position, index in enumerate(order):
        label = int(labels[index])
        rank[position] = seen.get(label, 0)
        seen[label] = seen.get(label, 0) + 1
    chosen = order[np.argsort(rank, kind="stable")[:count]]
    return np.sort(chosen.astype(np.int64))


def from_split(imageset: ImageSet, split_name: str, count: int, preprocess: Preprocess, seed: int = SEED) -> Pictures:
    """A stratified sample of `count` pictures of one split (all of them if there are fewer)."""
    split = imageset.split(split_name)
    chosen = stratified(np.asarray(split.labels), count, seed)
    return Pictures(
        inputs=_inputs(split, chosen, preprocess),
        ids=tuple(split.ids[index] for index in chosen),
        labels=np.asarray(split.labels)[chosen],
        dataset_sha256=imageset.fingerprint,
        split=split_name,
    )


def calibration_pictures(path: Path, count: int, preprocess: Preprocess, progress: Progress) -> Pictures:
    """Calibration pictures from an image set's training split or from any tree of pictures.

    Raises `MissingPath` or `BadCalibration`.
    """
    if not path.is_dir():
        raise MissingPath(
            f"no calibration pictures at {path}",
            why="there is no such folder",
            hint="--calibration takes an image set or a folder of pictures",
        )
    if (path / HEADER).is_file():
        imageset = ImageSet.open(path)
        name = "train" if "train" in imageset.split_names() else imageset.split_names()[0]
        if name != "train":
            progress.say(f"{path} has no training pictures: ranges come from {name}, on which files are judged too")
        pictures = from_split(imageset, name, count, preprocess)
        stored = imageset.split(name).images
        _check(pictures, [stored[index] for index in range(min(len(stored), 64))], preprocess, path)
        return pictures
    return _from_folder(path, count, preprocess, progress)


def _from_folder(path: Path, count: int, preprocess: Preprocess, progress: Progress) -> Pictures:
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in SUFFIXES and file.is_file() and not file.name.startswith(".")
    )
    if not files:
        raise BadCalibration(
            f"no pictures below {path}", why=f"looked for {', '.join(SUFFIXES)}", hint=f"find {path} -type f | head"
        )
    chosen = sorted(np.random.default_rng(SEED).permutation(len(files))[:count])
    inputs: list[Pixels] = []
    decoded: list[Pixels] = []
    digest = hashlib.sha256()
    for done, index in enumerate(chosen, start=1):
        data = files[index].read_bytes()
        digest.update(hashlib.sha256(data).digest())
        picture = decode(data)
        inputs.append(preprocess.network_input(stored_square(picture, preprocess.store_size)))
        if len(decoded) < 64:
            decoded.append(picture)
        progress.advance("reading calibration pictures", done, len(chosen))
    pictures = Pictures(
        inputs=np.stack(inputs),
        ids=tuple(files[index].relative_to(path).as_posix() for index in chosen),
        labels=None,
        dataset_sha256=digest.hexdigest(),
        split="-",
    )
    _check(pictures, decoded, preprocess, path)
    return pictures


def _check(pictures: Pictures, originals: list[Pixels], preprocess: Preprocess, path: Path) -> None:
    if len(pictures) < MIN_CALIBRATION:
        raise BadCalibration(
            f"{len(pictures)} calibration pictures are too few",
            why=f"ranges from fewer than {MIN_CALIBRATION} are luck",
            hint="give --calibration a folder with 200 pictures like those that the device will see",
        )
    check_values(pictures.inputs, path)
    check_sizes(originals, preprocess, path)
    correlation = float(np.median([neighbour_correlation(picture) for picture in originals]))
    if correlation < MIN_CORRELATION:
        raise BadCalibration(
            f"the calibration pictures in {path} are not photos",
            why=f"neighbouring pixels correlate by {correlation:.2f}, in photos by more than {MIN_CORRELATION}"
            + ("; they are blank" if correlation == 0.0 else ": this is noise"),
            hint="give --calibration real pictures like those that the device will see",
        )


def neighbour_correlation(picture: Pixels) -> float:
    """Correlation of horizontally neighbouring grey values of a picture (h, w, 3); 0 for a blank or 1-pixel one."""
    grey = picture.astype(np.float64).mean(axis=2)
    left, right = grey[:, :-1].ravel(), grey[:, 1:].ravel()
    if left.size < 2 or left.std() == 0.0 or right.std() == 0.0:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def _inputs(split: Split, chosen: NDArray[np.int64], preprocess: Preprocess) -> NDArray[np.uint8]:
    return np.stack([preprocess.network_input(np.asarray(split.images[index])) for index in chosen])
