"""Pictures numbered as ImageNet's classes are: right, or refused; never under a number that is not theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fv_core.errors import InputError
from fv_core.progress import Silent
from fv_train import imagenet
from fv_train.prepare import PrepareOptions, prepare
from fv_train.prepare.errors import BadClasses
from fv_train.prepare.published import renames
from tests.train._photos import photos

FOLDERS = {"pizza": 2, "hamburger": 3, "n07614500": 1}
RENAME = ("hamburger=cheeseburger",)


def options(tmp_path: Path, folders: dict[str, int], *rename: str, classes: str = "imagenet") -> PrepareOptions:
    source = photos(tmp_path / "photos", folders)
    return PrepareOptions(f"folder:{source}", tmp_path / "set", size=24, classes=classes, rename=rename, workers=1)


def test_every_picture_has_the_number_of_its_class_and_none_is_set_aside(tmp_path: Path) -> None:
    image_set = prepare(options(tmp_path, FOLDERS, *RENAME), Silent())
    assert image_set.classes == imagenet.labels()
    assert image_set.header.counts == {"validation": 6}
    split = image_set.split("validation")
    found = {sample.split("/")[0]: int(label) for sample, label in zip(split.ids, split.labels, strict=True)}
    assert found == {"pizza": 963, "hamburger": 933, "n07614500": 928}


def test_a_division_of_the_source_stays(tmp_path: Path) -> None:
    folders = {"train/pizza": 2, "train/bagel": 1, "validation/pizza": 1, "validation/bagel": 1}
    assert prepare(options(tmp_path, folders), Silent()).header.counts == {"train": 3, "validation": 2}


def test_own_classes_are_left_alone(tmp_path: Path) -> None:
    image_set = prepare(options(tmp_path, {"pizza": 5, "hamburger": 5}, classes="own"), Silent())
    assert image_set.classes == ("hamburger", "pizza")
    assert image_set.header.counts == {"train": 8, "validation": 2}


def test_a_class_that_is_none_is_refused_with_the_nearest(tmp_path: Path) -> None:
    folders = {"pizza": 1, "hamburger": 1, "breakfast_burrito": 1, "pho": 1}
    with pytest.raises(
        BadClasses, match="3 of 4 classes are none of ImageNet's: breakfast_burrito, hamburger"
    ) as caught:
        prepare(options(tmp_path, folders), Silent())
    wanted = "--rename breakfast_burrito=burrito --rename hamburger=cheeseburger --rename pho=CLASS"
    assert caught.value.hint == wanted
    assert not (tmp_path / "set").exists()


def test_a_name_of_two_classes_is_refused_with_both(tmp_path: Path) -> None:
    with pytest.raises(BadClasses) as caught:
        prepare(options(tmp_path, {"pizza": 1, "crane": 1}), Silent())
    assert "crane=crane_n02012849 or crane=crane_n03126707" in caught.value.hint


def test_two_folders_cannot_be_one_class(tmp_path: Path) -> None:
    with pytest.raises(BadClasses, match="hamburger and n07697313 are both ImageNet's cheeseburger"):
        prepare(options(tmp_path, {"hamburger": 1, "n07697313": 1}, *RENAME), Silent())


@pytest.mark.parametrize("text", ["hamburger", "=cheeseburger", "hamburger=", "soup=consomme"])
def test_a_rename_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--rename"):
        renames([text], ["hamburger"])


def test_one_class_cannot_be_renamed_twice() -> None:
    with pytest.raises(InputError, match="was cheeseburger before"):
        renames([*RENAME, "hamburger=hotdog"], ["hamburger"])


def test_rename_belongs_to_a_list_of_classes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--rename belongs to --classes"):
        options(tmp_path, FOLDERS, *RENAME, classes="own")
    with pytest.raises(InputError, match="--classes imagenett"):
        options(tmp_path, FOLDERS, classes="imagenett")
