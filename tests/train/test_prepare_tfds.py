"""TFDS sets as a source: a small one made here, the sample of Food-101, and what happens without a network."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fv_core.preprocess import decode, stored_square
from fv_core.progress import Silent
from fv_train.prepare import PrepareOptions, prepare
from fv_train.prepare.errors import BadSource, MissingDataSet
from fv_train.prepare.sources.tfds import SOURCE

tfds = pytest.importorskip("tensorflow_datasets")
CLASSES = ["soup", "apple pie", "pho"]


def jpeg(seed: int) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 28, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, "JPEG")
    return stream.getvalue()


class FvTinyFood(tfds.core.GeneratorBasedBuilder):  # type: ignore[misc]  # TFDS has no types
    """Twelve pictures with file names, in classes that are not in sorted order."""

    VERSION = tfds.core.Version("1.0.0")
    TRAIN_LABELS = tuple(k % 3 for k in range(9))

    def _info(self) -> Any:
        features = {
            "picture": tfds.features.Image(encoding_format="jpeg"),
            "dish": tfds.features.ClassLabel(names=CLASSES),
            "file_name": tfds.features.Text(),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, _manager: Any) -> dict[str, Any]:
        return {"train": self._generate_examples(self.TRAIN_LABELS, 0), "test": self._generate_examples((0, 1, 2), 50)}

    def _generate_examples(self, labels: tuple[int, ...], seed: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for k, label in enumerate(labels):
            yield k, {"picture": io.BytesIO(jpeg(seed + k)), "dish": label, "file_name": f"{seed + k}.jpg"}


class FvUnlabelled(FvTinyFood):
    """Its test split keeps the labels secret."""

    def _split_generators(self, _manager: Any) -> dict[str, Any]:
        return {"train": self._generate_examples(self.TRAIN_LABELS, 0), "test": self._generate_examples((-1, -1), 50)}


class FvTrainOnly(FvTinyFood):
    """Has nothing to report on."""

    def _split_generators(self, _manager: Any) -> dict[str, Any]:
        return {"train": self._generate_examples(self.TRAIN_LABELS, 0)}


class FvFarAway(FvTinyFood):
    """Would have to be downloaded."""

    @property
    def url_infos(self) -> dict[str, None]:
        return {"https://pictures.invalid/food.tar": None}


def made(builder: type[FvTinyFood], folder: Path) -> Path:
    builder(data_dir=str(folder)).download_and_prepare()
    return folder


def test_order_bytes_labels_and_names_are_the_data_set_s(tmp_path: Path) -> None:
    data_dir = made(FvTinyFood, tmp_path / "tfds")
    image_set = prepare(PrepareOptions("tfds:fv_tiny_food", tmp_path / "set", data_dir=data_dir, size=16), Silent())
    image_set.verify()
    assert image_set.classes == tuple(CLASSES)
    assert image_set.header.source == "tfds:fv_tiny_food"
    assert image_set.header.counts == {"train": 9, "test": 3}
    assert image_set.reported_split() == "test"
    train = image_set.split("train")
    assert sorted(train.ids) == [f"train/{k}.jpg" for k in range(9)]
    for square, label, sample_id in zip(train.images, train.labels, train.ids, strict=True):
        seed = int(Path(sample_id).stem)
        assert label == seed % 3
        assert np.array_equal(square, stored_square(decode(jpeg(seed)), 16))


def test_a_limit_and_a_resumed_start_read_the_right_records(tmp_path: Path) -> None:
    catalogue = SOURCE.open("fv_tiny_food", made(FvTinyFood, tmp_path), Silent())
    samples = catalogue.splits()["train"]
    chosen = samples[2:3] + samples[5:8]
    pictures = list(catalogue.pictures("train", chosen))
    assert len(pictures) == 4
    for sample, picture in zip(chosen, pictures, strict=True):
        assert picture.short_side() == 20
        expected = stored_square(decode(jpeg(int(Path(sample.id).stem))), 16)
        assert np.array_equal(picture.square(16), expected)
    assert list(catalogue.pictures("train", ())) == []


def test_a_set_with_one_split_is_divided_and_every_picture_stays_with_its_label(tmp_path: Path) -> None:
    data_dir = made(FvTrainOnly, tmp_path / "tfds")
    image_set = prepare(PrepareOptions("tfds:fv_train_only", tmp_path / "set", data_dir=data_dir, size=16), Silent())
    assert image_set.header.counts == {"train": 6, "validation": 3}
    for split in map(image_set.split, image_set.split_names()):
        for square, label, sample_id in zip(split.images, split.labels, split.ids, strict=True):
            number = int(Path(sample_id).stem)
            assert label == FvTrainOnly.TRAIN_LABELS[number]
            assert np.array_equal(square, stored_square(decode(jpeg(number)), 16))


def test_a_split_without_labels_is_named(tmp_path: Path) -> None:
    data_dir = made(FvUnlabelled, tmp_path / "tfds")
    options = PrepareOptions("tfds:fv_unlabelled", tmp_path / "set", data_dir=data_dir)
    with pytest.raises(BadSource, match="no labels") as caught:
        prepare(options, Silent())
    assert caught.value.hint == "prepare one split: --split train"


def test_without_a_network_the_error_names_data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", nobody)
    with pytest.raises(MissingDataSet, match=r"pictures\.invalid: Name or service not known") as caught:
        SOURCE.open("fv_far_away", tmp_path, Silent())
    assert "--data-dir" in caught.value.hint
    assert str(tmp_path) in caught.value.why
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_tfds_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="no_such_food"):
        SOURCE.open("no_such_food", tmp_path, Silent())


@pytest.mark.parametrize(
    "name", ["huggingface:food", "https://x/y", "../food101", "Food101", "gs://food", "a;b", "/etc"]
)
def test_names_that_would_run_or_fetch_code_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSource, match="not the name"):
        SOURCE.open(name, tmp_path, Silent())


@pytest.mark.data
def test_the_sample_of_food_101(test_data: Path, tmp_path: Path) -> None:
    options = PrepareOptions(
        "tfds:food101", tmp_path / "set", data_dir=test_data / "data/tfds", split="validation", limit=202
    )
    image_set = prepare(options, Silent())
    image_set.verify()
    assert (image_set.size, image_set.header.counts, len(image_set.classes)) == (64, {"validation": 202}, 101)
    assert image_set.classes[:2] == ("apple_pie", "baby_back_ribs")
    assert np.bincount(image_set.split("validation").labels).tolist() == [2] * 101
