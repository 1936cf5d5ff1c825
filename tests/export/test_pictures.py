"""Calibration pictures: chosen evenly, the same each time, and never noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fv_core.errors import MissingPath
from fv_core.golden import draw
from fv_core.imageset import Header, ImageSet, Split, content_hash, write_header
from fv_core.preprocess import Preprocess
from fv_core.progress import Silent
from fv_export.pictures import (
    MIN_CORRELATION,
    BadCalibration,
    calibration_pictures,
    from_split,
    neighbour_correlation,
    stratified,
)

SIZE = 32
PREPROCESS = Preprocess(store_size=SIZE, crop_fraction=1.0, input_size=SIZE)


def folder_of(pictures: list[np.ndarray], folder: Path) -> Path:
    folder.mkdir()
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{index:03}.png")
    return folder


def drawn(count: int, size: int = SIZE) -> list[np.ndarray]:
    return [draw(seed, size) for seed in range(count)]


def noise(count: int, size: int = SIZE) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(count)]


def image_set(folder: Path, pictures: list[np.ndarray], labels: list[int]) -> ImageSet:
    folder.mkdir()
    counts = {}
    splits = []
    for name in ("train", "validation"):
        ids = tuple(f"{name}/{index}" for index in range(len(pictures)))
        split = Split(name, np.stack(pictures), np.array(labels, dtype=np.int32), ids)
        np.save(folder / f"{name}.images.npy", split.images)
        np.save(folder / f"{name}.labels.npy", split.labels)
        (folder / f"{name}.ids.txt").write_text("".join(f"{entry}\n" for entry in ids))
        counts[name] = len(pictures)
        splits.append(split)
    digest = content_hash(("a", "b", "c"), splits)
    write_header(folder, Header(("a", "b", "c"), SIZE, counts, "folder:x", "square", (), digest))
    return ImageSet.open(folder)


def test_stratified_is_even_sorted_and_repeatable() -> None:
    labels = np.array([0] * 50 + [1] * 5 + [2] * 50, dtype=np.int32)
    chosen = stratified(labels, 30, seed=3)
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, stratified(labels, 30, seed=3))
    counts = np.bincount(labels[chosen], minlength=3)
    assert counts[1] == 5
    assert abs(int(counts[0]) - int(counts[2])) <= 1
    assert not np.array_equal(chosen, stratified(labels, 30, seed=4))


def test_stratified_of_more_than_there_are_is_everything() -> None:
    labels = np.array([0, 1, 0], dtype=np.int32)
    np.testing.assert_array_equal(stratified(labels, 10, seed=0), [0, 1, 2])


def test_an_image_set_gives_its_training_split_with_ids_and_labels(tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set", drawn(30), [index % 3 for index in range(30)])
    pictures = calibration_pictures(imageset.folder, 20, PREPROCESS, Silent())
    assert pictures.inputs.shape == (20, SIZE, SIZE, 3)
    assert all(name.startswith("train/") for name in pictures.ids)
    assert pictures.dataset_sha256 == imageset.fingerprint
    first = int(pictures.ids[0].split("/")[1])
    np.testing.assert_array_equal(pictures.inputs[0], draw(first, SIZE))


def test_pictures_that_are_reported_on_set_ranges_only_with_a_word(tmp_path: Path) -> None:
    class Listening(Silent):
        def __init__(self) -> None:
            self.said: list[str] = []

        def say(self, message: str) -> None:
            self.said.append(message)

    folder = image_set(tmp_path / "set", drawn(30), [index % 3 for index in range(30)]).folder
    calibration_pictures(folder, 20, PREPROCESS, heard := Listening())
    assert heard.said == []
    for name in ("images.npy", "labels.npy", "ids.txt"):
        (folder / f"train.{name}").rename(folder / f"validation.{name}")
    header = folder / "imageset.json"
    header.write_text(header.read_text().replace('"train"', '"validation"'))
    calibration_pictures(folder, 20, PREPROCESS, heard)
    (said,) = heard.said
    assert "has no training pictures" in said


def test_a_folder_tree_gives_its_pictures_by_relative_name(tmp_path: Path) -> None:
    folder = folder_of(drawn(20), tmp_path / "pictures")
    (folder / "sub").mkdir()
    (folder / "000.png").rename(folder / "sub" / "deep.png")
    (folder / "notes.txt").write_text("no picture")
    pictures = calibration_pictures(folder, 200, PREPROCESS, Silent())
    assert len(pictures) == 20
    assert "sub/deep.png" in pictures.ids
    assert pictures.labels is None


@pytest.mark.parametrize("size", [SIZE, 48])
def test_noise_is_refused_also_after_a_resize(size: int, tmp_path: Path) -> None:
    with pytest.raises(BadCalibration, match="not photos"):
        calibration_pictures(folder_of(noise(20, size), tmp_path / "noise"), 200, PREPROCESS, Silent())


def test_noise_in_an_image_set_is_refused(tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set", noise(30), [index % 3 for index in range(30)])
    with pytest.raises(BadCalibration, match="noise"):
        calibration_pictures(imageset.folder, 20, PREPROCESS, Silent())


def test_blank_pictures_are_refused(tmp_path: Path) -> None:
    blank = [np.full((SIZE, SIZE, 3), 7, dtype=np.uint8)] * 20
    with pytest.raises(BadCalibration, match="blank"):
        calibration_pictures(folder_of(blank, tmp_path / "blank"), 200, PREPROCESS, Silent())


def test_too_few_none_and_nowhere_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCalibration, match="too few"):
        calibration_pictures(folder_of(drawn(3), tmp_path / "few"), 200, PREPROCESS, Silent())
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadCalibration, match="no pictures"):
        calibration_pictures(tmp_path / "empty", 200, PREPROCESS, Silent())
    with pytest.raises(MissingPath):
        calibration_pictures(tmp_path / "nowhere", 200, PREPROCESS, Silent())


def test_the_verification_split_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    imageset = image_set(tmp_path / "set", drawn(30), [index % 3 for index in range(30)])
    pictures = from_split(imageset, "validation", 9, PREPROCESS)
    assert pictures.labels is not None
    np.testing.assert_array_equal(np.bincount(pictures.labels), [3, 3, 3])


def test_correlation_of_photos_like_noise_and_one_pixel() -> None:
    assert neighbour_correlation(draw(1, 64)) > MIN_CORRELATION + 0.2
    assert abs(neighbour_correlation(noise(1, 64)[0])) < 0.1
    assert neighbour_correlation(np.zeros((1, 1, 3), dtype=np.uint8)) == 0.0


@pytest.mark.data
def test_sample_photos_pass(test_data: Path) -> None:
    pictures = calibration_pictures(test_data / "data" / "food26" / "train", 20, PREPROCESS, Silent())
    assert len(pictures) == 20
