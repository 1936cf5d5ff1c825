"""The fingerprint that is computed behind the writing is that of the finished set, whatever the order of its splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fv_core.imageset import ImageSet, content_hash
from fv_core.progress import Silent
from fv_train.prepare.errors import EmptySource
from fv_train.prepare.options import PrepareOptions
from fv_train.prepare.prepare import prepare


def photos(folder: Path, splits: tuple[str, ...], bad: int = 0) -> Path:
    random = np.random.default_rng(0)
    for split in splits:
        for name in ("rice", "soup"):
            (folder / split / name).mkdir(parents=True)
            for index in range(4):
                picture = Image.fromarray(random.integers(0, 256, (20, 30, 3), dtype=np.uint8))
                picture.save(folder / split / name / f"{index}.png")
            for index in range(bad):
                (folder / split / name / f"bad{index}.png").write_bytes(b"no picture")
    return folder


# In the order of their names, in another one, and one alone.
@pytest.mark.parametrize("splits", [("train", "validation"), ("train", "test"), ("train", "validation", "test")])
@pytest.mark.parametrize("bad", [0, 1])
def test_the_fingerprint_is_that_of_what_stands_on_the_disk(splits: tuple[str, ...], bad: int, tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", splits, bad)
    made = prepare(PrepareOptions(f"folder:{source}", tmp_path / "set", size=16, max_bad=0.3), Silent())
    made.verify()
    opened = ImageSet.open(tmp_path / "set")
    assert opened.fingerprint == content_hash(opened.classes, [opened.split(name) for name in splits])
    assert opened.header.counts == dict.fromkeys(splits, 8)
    assert len(opened.header.skipped) == 2 * bad * len(splits)


def test_a_split_without_a_picture_ends_the_preparation(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", ("train", "validation"))
    for path in (source / "validation").glob("*/*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(EmptySource, match="validation"):
        prepare(PrepareOptions(f"folder:{source}", tmp_path / "set", size=16, max_bad=0.9), Silent())
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
