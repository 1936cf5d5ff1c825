"""Folders of pictures as people have them."""

from __future__ import annotations

import os
import pickle
import tarfile
from pathlib import Path

import pytest

from fv_core.errors import InputError, MissingPath
from fv_core.progress import Silent
from fv_train.prepare.catalogue import Catalogue
from fv_train.prepare.errors import BadSource, EmptySource
from fv_train.prepare.sources.folder import SOURCE
from tests.train._photos import Recorder, photos, save


def opened(root: Path) -> Catalogue:
    return SOURCE.open(str(root), None, Silent())


def test_splits_above_classes(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", {"train/b": 2, "train/a": 1, "val/a": 1, "test/b": 1, "test/a": 1})
    catalogue = opened(root)
    assert catalogue.classes == ("a", "b")
    splits = catalogue.splits()
    assert list(splits) == ["train", "validation", "test"]
    assert [(sample.id, sample.label) for sample in splits["train"]] == [
        ("train/a/000.png", 0), ("train/b/000.png", 1), ("train/b/001.png", 1),
    ]  # fmt: skip
    assert [sample.id for sample in splits["validation"]] == ["val/a/000.png"]


def test_classes_directly_below(tmp_path: Path) -> None:
    catalogue = opened(photos(tmp_path / "p", {"b": 1, "a": 2}))
    assert catalogue.classes == ("a", "b")
    assert [sample.id for sample in catalogue.splits()["train"]] == ["a/000.png", "a/001.png", "b/000.png"]


def test_a_class_may_be_called_like_a_split(tmp_path: Path) -> None:
    catalogue = opened(photos(tmp_path / "p", {"test": 1, "exam": 1}))
    assert catalogue.classes == ("exam", "test")


def test_two_names_for_one_split_are_refused(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", {"train/a": 1, "train/b": 1, "val/a": 1, "validation/a": 1})
    with pytest.raises(BadSource, match="both"):
        opened(root)


def test_a_class_that_training_does_not_have_is_refused(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", {"train/a": 1, "train/b": 1, "validation/Bb": 1})
    with pytest.raises(BadSource, match="validation/Bb"):
        opened(root)


def test_what_is_no_picture_is_left_out_and_told(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", {"a": 1, "b": 1})
    (root / "README.md").write_text("hello")
    (root / ".git").mkdir()
    (root / "a" / "notes.txt").write_text("x")
    (root / "a" / ".DS_Store").write_text("x")
    (root / "b" / "more").mkdir()
    save(root / "b" / "more" / "deep.png", 1)
    progress = Recorder()
    catalogue = SOURCE.open(str(root), None, progress)
    assert len(catalogue.splits()["train"]) == 2
    assert sorted(progress.said) == [
        "left out: 1 files beside the class folders",
        "left out: 1 files that are no pictures (*.txt)",
        "left out: 1 folders inside a class",
        "left out: 1 hidden files",
    ]


def test_symbolic_links_are_followed_and_circles_end(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", {"a": 1, "b": 1})
    save(tmp_path / "elsewhere.png", 5)
    (root / "a" / "link.png").symlink_to(tmp_path / "elsewhere.png")
    (root / "b" / "circle").symlink_to(root)
    (root / "c").symlink_to(root / "a", target_is_directory=True)
    catalogue = opened(root)
    assert catalogue.classes == ("a", "b", "c")
    samples = catalogue.splits()["train"]
    assert [sample.id for sample in samples] == ["a/000.png", "a/link.png", "b/000.png", "c/000.png", "c/link.png"]
    assert [picture.short_side() for picture in catalogue.pictures("train", samples)] == [32] * 5


def test_the_stamp_changes_with_the_file(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", {"a": 1, "b": 1})
    before = [sample.stamp for sample in opened(root).splits()["train"]]
    os.utime(root / "a" / "000.png", ns=(1, 1))
    after = [sample.stamp for sample in opened(root).splits()["train"]]
    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.parametrize("where", ["", "train", "train/b"])
def test_an_empty_folder_is_named(tmp_path: Path, where: str) -> None:
    root = photos(tmp_path / "p", {"train/a": 1})
    if where != "train/b":
        root = tmp_path / "q"
    (root / where).mkdir(parents=True)
    with pytest.raises(EmptySource) as caught:
        opened(root)
    assert caught.value.why == "it is empty"


def test_a_folder_of_loose_pictures_says_what_it_wants(tmp_path: Path) -> None:
    photos(tmp_path, {"p": 3})
    with pytest.raises(EmptySource, match=r"3 files \(\.png\)") as caught:
        opened(tmp_path / "p")
    assert "mkdir" in caught.value.hint


def test_a_file_name_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", {"a": 1, "b": 1})
    with open(os.fsencode(root / "a") + b"/caf\xe9.png", "wb"):  # noqa: PTH123 - a path of bytes
        pass
    with pytest.raises(BadSource, match="not UTF-8"):
        opened(root)


def test_archives_are_never_unpacked(tmp_path: Path) -> None:
    """Attack case 36: a data set as a tar with `..`, a hard and a symbolic link."""
    path = tmp_path / "food.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, target in (
            ("../escaped.jpg", tarfile.REGTYPE, ""),
            ("train/a/link.jpg", tarfile.SYMTYPE, "/etc/passwd"),
            ("train/a/hard.jpg", tarfile.LNKTYPE, "../../escaped.jpg"),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    with pytest.raises(BadSource, match="archive"):
        opened(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["food.tar.gz"]


class Boom:
    """Runs a program when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._marker),)


@pytest.mark.parametrize("name", ["data_batch_1.pkl", "cifar.pickle", "data_batch_1"])
def test_pickles_are_never_loaded(tmp_path: Path, name: str) -> None:
    """Attack case 37: CIFAR as its authors' pickle."""
    marker = tmp_path / "pwned"
    (tmp_path / name).write_bytes(pickle.dumps(Boom(marker)))
    with pytest.raises(BadSource):
        opened(tmp_path / name)
    root = photos(tmp_path / "p", {"a": 1, "b": 1})
    (root / "a" / "bad.png").write_bytes(pickle.dumps(Boom(marker)))
    catalogue = opened(root)
    with pytest.raises(InputError):
        [picture.square(8) for picture in catalogue.pictures("train", catalogue.splits()["train"])]
    assert not marker.exists()


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingPath) as caught:
        opened(tmp_path / "none")
    assert caught.value.hint == f"ls {tmp_path}"


def test_data_dir_means_nothing_here(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--data-dir"):
        SOURCE.open(str(tmp_path), tmp_path, Silent())
