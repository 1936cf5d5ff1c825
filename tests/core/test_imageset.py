"""Image sets on disk: opened, checked, fingerprinted; damage is found and named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fv_core.errors import BadImageSet, MissingPath, UnknownName
from fv_core.imageset import HEADER, Header, ImageSet, Split, content_hash, write_header

CLASSES = ("pho", "crème")


def split(name: str, n: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
    labels = (np.arange(n) % 2).astype(np.int32)
    return Split(name, images, labels, tuple(f"{name}/é {k}.jpg" for k in range(n)))


def write(folder: Path, splits: list[Split], **changes: Any) -> ImageSet:
    folder.mkdir()
    for one in splits:
        np.save(folder / f"{one.name}.images.npy", one.images)
        np.save(folder / f"{one.name}.labels.npy", one.labels)
        (folder / f"{one.name}.ids.txt").write_text("".join(f"{name}\n" for name in one.ids), encoding="utf-8")
    counts = {one.name: len(one) for one in splits}
    header = Header(CLASSES, 8, counts, "folder:x", "rule", (), content_hash(CLASSES, splits))
    write_header(folder, replace(header, **changes))
    return ImageSet.open(folder)


@pytest.fixture
def image_set(tmp_path: Path) -> ImageSet:
    return write(tmp_path / "set", [split("train", 300, 0), split("validation", 5, 1)])


def test_what_was_written_is_read(image_set: ImageSet) -> None:
    image_set.verify()
    assert (image_set.classes, image_set.size) == (CLASSES, 8)
    assert image_set.split_names() == ["train", "validation"]
    opened, expected = image_set.split("train"), split("train", 300, 0)
    assert isinstance(opened.images, np.memmap)
    assert np.array_equal(opened.images, expected.images)
    assert np.array_equal(opened.labels, expected.labels)
    assert opened.ids == expected.ids
    assert len(opened) == 300


def test_the_fingerprint_follows_the_content_and_not_the_order_of_splits() -> None:
    train, validation = split("train", 300, 0), split("validation", 5, 1)
    fingerprint = content_hash(CLASSES, [train, validation])
    assert content_hash(CLASSES, [validation, train]) == fingerprint
    last = train.images.copy()
    last[299, 7, 7, 2] ^= 1
    others = [
        content_hash(CLASSES[::-1], [train, validation]),
        content_hash(CLASSES, [replace(train, images=last), validation]),
        content_hash(CLASSES, [replace(train, labels=1 - train.labels), validation]),
        content_hash(CLASSES, [replace(train, ids=train.ids[::-1]), validation]),
        content_hash(CLASSES, [replace(train, name="test"), validation]),
        content_hash(CLASSES, [train]),
    ]
    assert len({fingerprint, *others}) == 7


def test_accuracy_is_reported_on_validation_else_test(tmp_path: Path, image_set: ImageSet) -> None:
    assert image_set.reported_split() == "validation"
    both = write(tmp_path / "both", [split("train", 2, 0), split("test", 2, 1), split("validation", 2, 2)])
    assert both.reported_split() == "validation"
    assert write(tmp_path / "test", [split("train", 2, 0), split("test", 2, 1)]).reported_split() == "test"
    with pytest.raises(BadImageSet, match="only train"):
        write(tmp_path / "train", [split("train", 2, 0)]).reported_split()


def test_a_split_that_is_not_there(image_set: ImageSet) -> None:
    with pytest.raises(UnknownName):
        image_set.split("../train")


def test_places_without_an_image_set(tmp_path: Path) -> None:
    with pytest.raises(MissingPath):
        ImageSet.open(tmp_path / "none")
    with pytest.raises(BadImageSet, match=HEADER):
        ImageSet.open(tmp_path)


@pytest.mark.parametrize("name", ["train.images.npy", "train.labels.npy", "train.ids.txt"])
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "noise"])
def test_a_damaged_file_is_found(image_set: ImageSet, name: str, damage: str) -> None:
    path = image_set.folder / name
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "half": data[: len(data) // 2], "noise": b"\xff" * len(data)}[damage])
    with pytest.raises(BadImageSet, match="damaged"):
        image_set.split("train")


def test_one_flipped_bit_is_found_by_verify_only(image_set: ImageSet) -> None:
    path = image_set.folder / "train.images.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    image_set.split("train")
    with pytest.raises(BadImageSet, match="damaged"):
        image_set.verify()


def test_pickled_arrays_are_never_loaded(image_set: ImageSet) -> None:
    np.save(image_set.folder / "train.labels.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BadImageSet):
        image_set.split("train")


def test_labels_outside_of_the_classes_are_found(image_set: ImageSet) -> None:
    np.save(image_set.folder / "validation.labels.npy", np.array([0, 1, 0, 1, 2], np.int32))
    with pytest.raises(BadImageSet, match="outside"):
        image_set.split("validation")


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"classes": 1}', "\xff"])
def test_a_header_that_is_none(image_set: ImageSet, text: str) -> None:
    (image_set.folder / HEADER).write_text(text, encoding="latin-1")
    with pytest.raises(BadImageSet):
        ImageSet.open(image_set.folder)


def test_a_header_of_another_version_says_so(image_set: ImageSet) -> None:
    path = image_set.folder / HEADER
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 2}))
    with pytest.raises(BadImageSet, match="version 2"):
        ImageSet.open(image_set.folder)


@pytest.mark.parametrize("name", ["../train", "a/b", "", "."])
def test_split_names_that_are_paths_are_refused(image_set: ImageSet, name: str) -> None:
    path = image_set.folder / HEADER
    path.write_text(json.dumps({**json.loads(path.read_text()), "counts": {name: 3}}))
    with pytest.raises(BadImageSet):
        ImageSet.open(image_set.folder)
