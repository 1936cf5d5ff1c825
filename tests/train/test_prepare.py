"""Preparation from end to end: content, determinism, allowance for bad pictures, interruption, full disks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_core.errors import AlreadyExists, DiskFull, InputError, NotWritable, UnknownName
from fv_core.imageset import ImageSet
from fv_core.preprocess import Pixels, decode, stored_square
from fv_core.progress import Silent
from fv_train.prepare import PrepareOptions, prepare, writing
from fv_train.prepare.errors import BadSource, EmptySource, PreparationRunning, TooManyBadPictures
from fv_train.prepare.partial import Partial
from tests.core._mounts import mounted_tmpfs
from tests.train._photos import Recorder, photos, save

SMALL = {"train/pho": 6, "train/soup": 5, "validation/pho": 2, "validation/soup": 3}
CHUNK = 4


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return photos(tmp_path / "photos", SMALL)


@pytest.fixture
def options(source: Path, tmp_path: Path) -> PrepareOptions:
    return PrepareOptions(f"folder:{source}", tmp_path / "set", size=24, workers=2)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "CHUNK", CHUNK)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_every_square_is_the_one_that_predict_would_see(options: PrepareOptions, source: Path) -> None:
    image_set = prepare(options, Silent())
    image_set.verify()
    assert image_set.classes == ("pho", "soup")
    assert image_set.header.counts == {"train": 11, "validation": 5}
    assert image_set.header.source == "folder:photos"
    for name in image_set.split_names():
        split = image_set.split(name)
        for square, label, sample_id in zip(split.images, split.labels, split.ids, strict=True):
            assert np.array_equal(square, stored_square(decode(source / sample_id), 24))
            assert image_set.classes[label] == Path(sample_id).parent.name
    assert names(options.out.parent) == ["photos", "set"]
    assert names(options.out) == [
        "imageset.json",
        "train.ids.txt", "train.images.npy", "train.labels.npy",
        "validation.ids.txt", "validation.images.npy", "validation.labels.npy",
    ]  # fmt: skip


@pytest.mark.parametrize("chunk", [1, 3, 512])
def test_the_same_content_whatever_the_workers_and_chunks(
    options: PrepareOptions, tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = prepare(replace(options, workers=1), Silent()).fingerprint
    monkeypatch.setattr(writing, "CHUNK", chunk)
    again = prepare(replace(options, out=tmp_path / "again", workers=3), Silent())
    assert again.fingerprint == expected
    assert (tmp_path / "again" / "train.images.npy").read_bytes() == (options.out / "train.images.npy").read_bytes()


def test_small_pictures_keep_their_size(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", {"a": 5, "b": 5}, width=30, height=20)
    save(root / "a" / "larger.png", 9, 26, 28)
    assert prepare(PrepareOptions(f"folder:{root}", tmp_path / "set", size=64), Silent()).size == 26
    save(root / "b" / "large.png", 9, 70, 64)
    assert prepare(PrepareOptions(f"folder:{root}", tmp_path / "set2", size=64), Silent()).size == 64
    assert prepare(PrepareOptions(f"folder:{root}", tmp_path / "set3", size=16), Silent()).size == 16


def test_a_finished_preparation_is_recognized(options: PrepareOptions) -> None:
    prepare(options, Silent())
    before = (options.out / "imageset.json").stat().st_mtime_ns
    progress = Recorder()
    prepare(replace(options, workers=1, max_bad=0.5), progress)
    assert any("already prepared" in line for line in progress.said)
    assert (options.out / "imageset.json").stat().st_mtime_ns == before
    assert not progress.advanced


@pytest.mark.parametrize("change", ["size", "picture", "limit", "split"])
def test_another_preparation_does_not_replace_a_finished_one(
    options: PrepareOptions, source: Path, change: str
) -> None:
    fingerprint = prepare(options, Silent()).fingerprint
    if change == "picture":
        save(source / "train/pho/new.png", 77)
    changed = {"size": {"size": 16}, "limit": {"limit": 4}, "split": {"split": "train"}}.get(change, {})
    with pytest.raises(AlreadyExists) as caught:
        prepare(replace(options, **changed), Silent())
    assert str(options.out) in caught.value.hint
    assert ImageSet.open(options.out).fingerprint == fingerprint


def test_a_folder_of_somebody_else_is_left_alone(options: PrepareOptions) -> None:
    options.out.mkdir()
    prepare(options, Silent())  # an empty one is fine
    other = replace(options, out=options.out.parent / "mine")
    (other.out).mkdir()
    (other.out / "letter.txt").write_text("dear")
    with pytest.raises(AlreadyExists):
        prepare(other, Silent())
    assert names(other.out) == ["letter.txt"]


def spoil(source: Path, *places: str) -> None:
    for place in places:
        path = source / place
        path.write_bytes(path.read_bytes()[:60])


def test_an_unreadable_picture_is_named_and_skipped(options: PrepareOptions, source: Path) -> None:
    spoil(source, "train/pho/002.png", "validation/soup/000.png")
    (source / "train/soup/gone.png").symlink_to(source / "nowhere")
    progress = Recorder()
    image_set = prepare(replace(options, max_bad=0.2), progress)
    image_set.verify()
    assert image_set.header.counts == {"train": 10, "validation": 4}
    assert image_set.header.skipped == ("train/pho/002.png", "train/soup/gone.png", "validation/soup/000.png")
    skipped = [line for line in progress.said if line.startswith("skipped ")]
    assert [line.split()[1].rstrip(":") for line in skipped] == list(image_set.header.skipped)
    assert not set(image_set.header.skipped) & set(image_set.split("train").ids + image_set.split("validation").ids)


def test_too_many_unreadable_pictures_leave_nothing(options: PrepareOptions, source: Path) -> None:
    spoil(source, "train/pho/002.png")
    with pytest.raises(TooManyBadPictures, match=r"train/pho/002\.png") as caught:
        prepare(options, Silent())
    assert "--max-bad" in caught.value.hint
    assert names(options.out.parent) == ["photos"]


def test_the_allowance_is_a_share_of_all_pictures(options: PrepareOptions, source: Path) -> None:
    spoil(source, "train/pho/002.png", "train/pho/003.png")
    with pytest.raises(TooManyBadPictures):
        prepare(replace(options, max_bad=1.9 / 16), Silent())
    assert len(prepare(replace(options, max_bad=2 / 16), Silent()).header.skipped) == 2


def test_a_split_without_a_readable_picture_is_an_error(options: PrepareOptions, source: Path) -> None:
    for path in (source / "validation").glob("*/*.png"):
        path.write_bytes(b"")
    with pytest.raises(EmptySource, match="validation"):
        prepare(replace(options, max_bad=0.9), Silent())
    assert not options.out.exists()


class StopAfter(Recorder):
    """Presses Ctrl-C when so many pictures of the training split are done."""

    def __init__(self, pictures: int) -> None:
        super().__init__()
        self._pictures = pictures

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        super().advance(task, done, total)
        if done >= self._pictures:
            raise KeyboardInterrupt


@pytest.mark.usefixtures("small_chunks")
def test_interrupted_and_started_again_it_goes_on(
    options: PrepareOptions, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(source, "train/pho/001.png")
    options = replace(options, max_bad=0.2)
    expected = prepare(replace(options, out=tmp_path / "whole"), Silent()).fingerprint
    monkeypatch.setattr(writing, "_TELL_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        prepare(options, stopped := StopAfter(10))
    assert not options.out.exists()
    assert stopped.said[-1] == "interrupted: the same command goes on after 8 pictures"
    progress = Recorder()
    image_set = prepare(options, progress)
    assert "going on after 8 pictures of an earlier start" in progress.said
    assert min(done for task, done, _ in progress.advanced if task == "prepare train") == 8
    image_set.verify()
    assert image_set.fingerprint == expected
    assert image_set.header.skipped == ("train/pho/001.png",)
    assert names(tmp_path) == ["photos", "set", "whole"]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("damage", ["torn line", "torn pixels", "longer pixels"])
def test_a_torn_end_is_cut_off(
    options: PrepareOptions, tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = prepare(replace(options, out=tmp_path / "whole"), Silent()).fingerprint
    monkeypatch.setattr(writing, "_TELL_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        prepare(options, StopAfter(10))
    partial = tmp_path / ".set.fv-partial"
    with (partial / ("journal.jsonl" if damage == "torn line" else "train.images.npy")).open("ab") as stream:
        stream.write({"torn line": b'{"split": "tr', "torn pixels": b"\1" * 77}.get(damage, b"\2" * 30_000))
    image_set = prepare(options, Silent())
    image_set.verify()
    assert image_set.fingerprint == expected


@pytest.mark.usefixtures("small_chunks")
def test_an_unfinished_preparation_of_something_else_is_not_continued(
    options: PrepareOptions, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_TELL_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        prepare(options, StopAfter(10))
    save(source / "train/pho/000.png", 4242, 64, 64)
    progress = Recorder()
    image_set = prepare(options, progress)
    assert any("beginning anew" in line for line in progress.said)
    assert not any("going on" in line for line in progress.said)
    assert image_set.fingerprint == prepare(replace(options, out=tmp_path / "fresh"), Silent()).fingerprint


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("damage", ["pixels gone", "pixels cut", "journal garbled", "journal foreign"])
def test_a_damaged_partial_folder_is_begun_anew(
    options: PrepareOptions, tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = prepare(replace(options, out=tmp_path / "whole"), Silent()).fingerprint
    monkeypatch.setattr(writing, "_TELL_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        prepare(options, StopAfter(10))
    images, journal = (tmp_path / ".set.fv-partial" / name for name in ("train.images.npy", "journal.jsonl"))
    if damage == "pixels gone":
        images.unlink()
    elif damage == "pixels cut":
        images.write_bytes(images.read_bytes()[:-1])
    else:
        journal.write_text("\0\n{\n" if damage == "journal garbled" else "[1]\n")
    progress = Recorder()
    image_set = prepare(options, progress)
    image_set.verify()
    assert any("beginning anew" in line for line in progress.said)
    assert image_set.fingerprint == expected


def test_large_squares_make_small_chunks(options: PrepareOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "CHUNK_BYTES", 3 * 24 * 24 * 3)
    appended: list[int] = []
    append = Partial.append

    def counting(self: Partial, split: str, squares: Sequence[Pixels], handled: int, skipped: Sequence[str]) -> None:
        appended.append(handled)
        append(self, split, squares, handled, skipped)

    monkeypatch.setattr(Partial, "append", counting)
    prepare(options, Silent()).verify()
    assert appended == [3, 3, 3, 2, 3, 2]


class Nested(Recorder):
    """Starts the same preparation again while one is at work."""

    def __init__(self, options: PrepareOptions) -> None:
        super().__init__()
        self._options = options

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        with pytest.raises(PreparationRunning):
            prepare(self._options, Silent())
        super().advance(task, done, total)


def test_two_at_once_do_not_mix(options: PrepareOptions) -> None:
    prepare(options, progress := Nested(options)).verify()
    assert progress.advanced


PREPARE = """
import sys
from pathlib import Path
from fv_train.prepare import PrepareOptions, prepare
class Ready:
    def advance(self, task, done, total, note=""):
        if done:
            print(done, flush=True)
    def say(self, message):
        pass
if __name__ == "__main__":
    prepare(PrepareOptions(sys.argv[1], Path(sys.argv[2]), workers=2), Ready())
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_real_signal_in_the_middle_leaves_no_set_and_no_children(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "work.py"
    script.write_text(PREPARE)
    out = tmp_path / "plates"
    command = [sys.executable, str(script), "builtin:plates", str(out)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as child:
        assert child.stdout is not None
        while int(child.stdout.readline()) < 640:
            pass
        if how == signal.SIGINT:
            os.killpg(child.pid, how)  # as a terminal does: the workers get it too
        else:
            child.send_signal(how)
        child.wait(60)
    assert not out.exists()
    deadline = time.monotonic() + 20
    while group_is_alive(child.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not group_is_alive(child.pid), "a worker outlived its parent"
    assert "going on" in resumed(out)


def group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def resumed(out: Path) -> str:
    progress = StopAfter(0)
    with pytest.raises(KeyboardInterrupt):
        prepare(PrepareOptions("builtin:plates", out, workers=1), progress)
    return "\n".join(progress.said)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted_tmpfs(tmp_path / "tiny", "size=48k")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    yield from mounted_tmpfs(tmp_path / "sealed", "ro")


@pytest.mark.root
def test_a_full_disk_leaves_nothing(options: PrepareOptions, tiny_disk: Path) -> None:
    with pytest.raises(DiskFull):
        prepare(replace(options, out=tiny_disk / "set", size=32), Silent())
    assert names(tiny_disk) == []


@pytest.mark.root
def test_a_read_only_place_is_said(options: PrepareOptions, read_only: Path) -> None:
    with pytest.raises(NotWritable):
        prepare(replace(options, out=read_only / "set"), Silent())


def test_only_one_split(options: PrepareOptions) -> None:
    assert prepare(replace(options, split="validation"), Silent()).header.counts == {"validation": 5}
    with pytest.raises(UnknownName):
        prepare(replace(options, out=options.out.parent / "x", split="tset"), Silent())


@pytest.mark.parametrize("text", ["photos", "folder:", ":x", ""])
def test_a_source_without_a_kind_or_a_place(tmp_path: Path, text: str) -> None:
    with pytest.raises((BadSource, UnknownName)):
        prepare(PrepareOptions(text, tmp_path / "set"), Silent())


def test_an_unknown_kind_has_a_hint(tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as caught:
        prepare(PrepareOptions("foldr:x", tmp_path / "set"), Silent())
    assert caught.value.hint == "did you mean folder?"


@pytest.mark.parametrize(
    "wrong", [{"size": 7}, {"size": 2000}, {"limit": 0}, {"max_bad": 1.0}, {"max_bad": -0.1}, {"workers": 0}]
)
def test_impossible_options_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="--"):
        PrepareOptions("builtin:plates", Path("x"), **wrong)


@pytest.mark.data
def test_real_photos(test_data: Path, tmp_path: Path) -> None:
    food = tmp_path / "food"
    for name in ("pizza", "sushi"):
        shutil.copytree(test_data / "data/food26/validation" / name, food / name)
    image_set = prepare(PrepareOptions(f"folder:{food}", tmp_path / "set", size=224), Silent())
    image_set.verify()
    assert (image_set.size, image_set.header.counts) == (224, {"train": 40, "validation": 10})
