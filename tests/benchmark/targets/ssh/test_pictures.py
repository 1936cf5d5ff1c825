from dataclasses import replace

import numpy as np
import pytest

from fv_benchmark.targets.ssh.errors import NoPhotos
from fv_benchmark.targets.ssh.pictures import read_here, write_inputs, write_photos
from fv_core.preprocess import Preprocess
from fv_edge_runtime.errors import BadInputRange, BadModelFile
from tests.edge_runtime import tiny_models

SAME = Preprocess(store_size=8, crop_fraction=1.0, input_size=8)


def test_network_inputs_stand_one_behind_the_other(tmp_path, pictures):
    split, heard = pictures.split("validation"), []
    path = tmp_path / "inputs.bin"
    write_inputs(split, [3, 0], SAME, path, heard.append)
    written = np.fromfile(path, dtype=np.uint8).reshape(2, 8, 8, 3)
    assert np.array_equal(written, np.asarray(split.images)[[3, 0]])
    assert heard == [2]


def test_photos_stand_one_behind_the_other_with_their_lengths(tmp_path, pictures):
    split = pictures.split("validation")
    (tmp_path / "photos/picture").mkdir(parents=True)
    for index, text in enumerate([b"abc", b"de"]):
        (tmp_path / "photos/picture" / str(index)).write_bytes(text)
    path = tmp_path / "photos.bin"
    assert write_photos(split, [1, 0], tmp_path / "photos", path) == [2, 3]
    assert path.read_bytes() == b"deabc"


@pytest.mark.parametrize("name", ["picture/99", "../secret.jpg", "/etc/passwd", "picture\x1b[2J"])
def test_a_photo_that_is_not_below_the_folder_is_refused(tmp_path, pictures, name):
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "photos").mkdir()
    split = replace(pictures.split("validation"), ids=(name,))
    with pytest.raises(NoPhotos) as error:
        write_photos(split, [0], tmp_path / "photos", tmp_path / "photos.bin")
    assert str(error.value).isprintable()
    assert "--decode-on-device" in error.value.hint


def test_a_file_of_ours_says_its_labels_and_its_preprocessing(tflite):
    said = read_here({"path": str(tflite), "input_range": None})
    assert tuple(said["labels"]) == tiny_models.LABELS
    assert Preprocess(**said["preprocess"]) == SAME


def test_a_range_that_contradicts_the_file_is_refused(tflite):
    with pytest.raises(BadInputRange):
        read_here({"path": str(tflite), "input_range": [-1, 1]})


def test_a_damaged_file_is_refused_before_a_device_sees_it(tmp_path):
    path = tmp_path / "bad.tflite"
    path.write_bytes(b"\x18\x00\x00\x00TFL3" + bytes(range(256)))
    with pytest.raises(BadModelFile):
        read_here({"path": str(path), "input_range": None})
