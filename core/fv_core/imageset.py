"""An image set on disk: decoded squares in memory-mapped arrays, labels, ids, and a fingerprint of it all.

DIR/imageset.json          schema version, classes in the data set's own order, picture size, splits, source
DIR/SPLIT.images.npy       (N, S, S, 3) uint8
DIR/SPLIT.labels.npy       (N,) int32
DIR/SPLIT.ids.txt          N lines: where each picture came from, relative to the source's root
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_core.errors import BadImageSet, MissingPath
from fv_core.files import write_text
from fv_core.registry import unknown_name

SCHEMA_VERSION = 1
HEADER = "imageset.json"
# Split names are parts of file names.
SPLIT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


@dataclass(frozen=True)
class Header:
    """What `imageset.json` holds.

    `classes`: names, index = label. `size`: side of the stored squares in pixels. `counts`: pictures in each split.
    `source`: as given to `fv data prepare` (`tfds:food101`), no path of this machine. `resize_rule`: how a picture
    became a square, in words. `skipped`: ids of pictures that could not be read. `content_sha256`: `content_hash`.
    `preparation_sha256`: of the source's listing and the options, so that the same preparation is recognized; empty
    where a set was not made by `fv data prepare`.
    """

    classes: tuple[str, ...]
    size: int
    counts: dict[str, int]
    source: str
    resize_rule: str
    skipped: tuple[str, ...]
    content_sha256: str
    schema_version: int = SCHEMA_VERSION
    preparation_sha256: str = ""


@dataclass(frozen=True)
class Split:
    """One split: `images` (N, S, S, 3) uint8, memory-mapped; `labels` (N,) int32; `ids` N strings."""

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


class ImageSet:
    """A prepared image set, opened for reading."""

    def __init__(self, folder: Path, header: Header) -> None:
        self.folder = folder
        self.header = header

    @classmethod
    def open(cls, folder: Path) -> ImageSet:
        """Open `folder`; raises `MissingPath` or `BadImageSet`."""
        path = folder / HEADER
        if not folder.is_dir():
            raise MissingPath(
                f"no image set at {folder}",
                why="there is no such folder",
                hint=f"fv data prepare builtin:plates --out {folder}",
            )
        if not path.is_file():
            raise BadImageSet(
                f"{folder} is not an image set",
                why=f"it has no {HEADER}",
                hint=f"fv data prepare folder:{folder} --out {folder}-set",
            )
        return cls(folder, _read_header(path))

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; the index is the label."""
        return self.header.classes

    @property
    def size(self) -> int:
        """Side of the stored squares, in pixels."""
        return self.header.size

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 of classes, pictures, labels and ids (`content_hash`)."""
        return self.header.content_sha256

    def split_names(self) -> list[str]:
        """Names of the splits, in the order they were prepared."""
        return list(self.header.counts)

    def reported_split(self) -> str:
        """The split that accuracies are reported on: `validation`, else `test`.

        Raises `BadImageSet` when the set has neither.
        """
        for name in ("validation", "test"):
            if name in self.header.counts:
                return name
        raise BadImageSet(
            f"{self.folder} has nothing to report an accuracy on",
            why=f"it has only {', '.join(self.header.counts)}",
            hint="prepare a source with a validation or test split",
        )

    def split(self, name: str) -> Split:
        """Open one split; raises `UnknownName`, or `BadImageSet` when the arrays do not fit the header."""
        if name not in self.header.counts:
            raise unknown_name("split", name, self.header.counts)
        try:
            images = np.load(self.folder / f"{name}.images.npy", mmap_mode="r", allow_pickle=False)
            labels = np.load(self.folder / f"{name}.labels.npy", mmap_mode="r", allow_pickle=False)
            ids = tuple((self.folder / f"{name}.ids.txt").read_text(encoding="utf-8").split("\n")[:-1])
        except (OSError, ValueError, EOFError) as error:
            raise self._damaged(name, str(error)) from error
        self._check(name, images, labels, ids)
        return Split(name, images, labels, ids)

    def verify(self) -> None:
        """Read everything and compare with the fingerprint; raises `BadImageSet` when a byte has changed."""
        splits = [self.split(name) for name in self.header.counts]
        if content_hash(self.classes, splits) != self.fingerprint:
            raise self._damaged("content", "the pictures, labels or ids are not those that were prepared")

    def _check(self, name: str, images: Any, labels: Any, ids: tuple[str, ...]) -> None:
        count, size = self.header.counts[name], self.header.size
        if images.shape != (count, size, size, 3) or images.dtype != np.uint8:
            raise self._damaged(name, f"images are {images.dtype} {images.shape}, the header says {count} of {size} px")
        if labels.shape != (count,) or labels.dtype != np.int32 or len(ids) != count:
            raise self._damaged(name, f"{labels.shape[0]} labels and {len(ids)} ids for {count} pictures")
        if count and not (labels.min() >= 0 and labels.max() < len(self.classes)):
            raise self._damaged(name, f"a label is outside 0..{len(self.classes) - 1}")

    def _damaged(self, name: str, why: str) -> BadImageSet:
        return BadImageSet(
            f"the image set {self.folder} is damaged ({name})",
            why=why,
            hint=f"fv data prepare {self.header.source} --out {self.folder}-new",
        )


def content_hash(classes: tuple[str, ...], splits: list[Split]) -> str:
    """Hex SHA-256 over the class names and, split by split in name order, the ids, labels and pixels."""
    digest = hashlib.sha256(hashed_first(classes))
    for split in sorted(splits, key=lambda split: split.name):
        for part in hashed_parts(split):
            digest.update(part)
    return digest.hexdigest()


def hashed_first(classes: tuple[str, ...]) -> bytes:
    """What `content_hash` begins with."""
    return json.dumps(list(classes)).encode()


def hashed_parts(split: Split) -> Iterator[bytes | memoryview]:
    """What `content_hash` adds for a split, piece by piece."""
    yield json.dumps([split.name, list(split.ids), list(split.images.shape)]).encode()
    yield np.ascontiguousarray(split.labels).astype("<i4").tobytes()
    for start in range(0, len(split), 256):
        yield np.ascontiguousarray(split.images[start : start + 256]).data


def write_header(folder: Path, header: Header) -> None:
    """Write `imageset.json`, whole or not at all."""
    write_text(folder / HEADER, json.dumps(asdict(header), indent=1, ensure_ascii=False) + "\n")


def _read_header(path: Path) -> Header:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        header = Header(
            classes=tuple(str(name) for name in data["classes"]),
            size=int(data["size"]),
            counts={str(name): int(count) for name, count in data["counts"].items()},
            source=str(data["source"]),
            resize_rule=str(data["resize_rule"]),
            skipped=tuple(str(name) for name in data["skipped"]),
            content_sha256=str(data["content_sha256"]),
            schema_version=int(data["schema_version"]),
            preparation_sha256=str(data.get("preparation_sha256", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadImageSet(f"cannot read {path}", why=f"{type(error).__name__}: {error}") from error
    if not all(SPLIT_NAME.fullmatch(name) and count >= 0 for name, count in header.counts.items()) or header.size < 1:
        raise BadImageSet(f"cannot read {path}", why="a split name, a count or the size is none of ours")
    if header.schema_version != SCHEMA_VERSION:
        raise BadImageSet(
            f"{path} has schema version {header.schema_version}",
            why=f"this fv reads version {SCHEMA_VERSION}",
            hint=f"fv data prepare {header.source} --out {path.parent}-new",
        )
    return header
