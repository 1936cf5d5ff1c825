"""Outputs are whole or not there: exceptions, full disks, read-only places, kill -9, leftovers."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fv_core.errors import AlreadyExists, DiskFull, InputError, NotWritable
from fv_core.files import (
    check_writable,
    sha256_of_file,
    translated_os_errors,
    whole_file,
    whole_folder,
    write_bytes,
    write_text,
)
from tests.core._mounts import mounted_tmpfs


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    yield from mounted_tmpfs(tmp_path / "tiny", "size=64k")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A file system that root cannot write either."""
    yield from mounted_tmpfs(tmp_path / "sealed", "ro,size=64k")


def test_a_file_appears_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.txt", "crème")
    write_bytes(tmp_path / "new" / "b.bin", b"\0\1")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "crème".encode()
    assert names(tmp_path / "new") == ["a.txt", "b.bin"]


def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as temporary:  # noqa: PT012 - the block is the subject
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_until_the_end_the_final_name_is_untouched(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("x")
        assert not (tmp_path / "a.txt").exists()
    with whole_folder(tmp_path / "set") as folder:
        (folder / "one").write_text("1")
        assert not (tmp_path / "set").exists()
    assert (tmp_path / "set" / "one").read_text() == "1"


def test_an_exception_removes_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"), whole_folder(tmp_path / "set") as folder:  # noqa: PT012 - as above
        (folder / "one").write_text("1")
        raise ValueError("stop")
    assert names(tmp_path) == []


def test_a_folder_with_something_in_it_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine").write_text("mine")
    with pytest.raises(AlreadyExists), whole_folder(tmp_path / "set") as folder:
        (folder / "one").write_text("1")
    assert (tmp_path / "set" / "mine").read_text() == "mine"
    assert names(tmp_path) == ["set"]


@pytest.mark.root
def test_a_full_disk_is_said_and_leaves_nothing(tiny_disk: Path) -> None:
    with pytest.raises(DiskFull) as caught:
        write_bytes(tiny_disk / "a.bin", bytes(1 << 20))
    assert caught.value.code == "disk-full"
    assert str(tiny_disk) in caught.value.hint
    with pytest.raises(DiskFull), whole_folder(tiny_disk / "set") as folder:
        (folder / "a.bin").write_bytes(bytes(1 << 20))
    assert names(tiny_disk) == []


@pytest.mark.root
def test_a_full_disk_keeps_the_old_file(tiny_disk: Path) -> None:
    write_bytes(tiny_disk / "a.bin", b"old")
    with pytest.raises(DiskFull):
        write_bytes(tiny_disk / "a.bin", bytes(1 << 20))
    assert (tiny_disk / "a.bin").read_bytes() == b"old"


@pytest.mark.root
def test_a_read_only_place_is_said(read_only: Path) -> None:
    for place in (read_only / "a.txt", read_only / "deeper" / "a.txt"):
        with pytest.raises(NotWritable) as caught:
            write_text(place, "x")
        assert "--out" in caught.value.hint


@pytest.mark.root
def test_whether_a_place_is_writable_is_asked_without_writing(read_only: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (read_only / "a.txt", read_only / "new/a.txt", tmp_path / "file/a.txt"):
        with pytest.raises(NotWritable):
            check_writable(path)
    check_writable(tmp_path / "new/folder/a.txt")
    assert not (tmp_path / "new").exists()


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotWritable):
        write_text(tmp_path / "file" / "a.txt", "x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotWritable):
        write_text(tmp_path / "folder", "x")


def test_our_errors_and_unknown_ones_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mine"), translated_os_errors(tmp_path):
        raise InputError("mine")
    with pytest.raises(ConnectionResetError), translated_os_errors(tmp_path):
        raise ConnectionResetError


WRITER = """
import sys, time
from pathlib import Path
from fv_core.files import whole_file, whole_folder
with whole_file(Path(sys.argv[1]) / "a.txt") as file, whole_folder(Path(sys.argv[1]) / "set") as folder:
    file.write_text("half")
    (folder / "one").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_kill_9_leaves_no_output_and_the_next_writer_cleans_up(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait(10)
    assert all(name.startswith(".") for name in names(tmp_path))
    assert len(names(tmp_path)) == 2
    write_text(tmp_path / "a.txt", "whole")
    with whole_folder(tmp_path / "set") as folder:
        (folder / "one").write_text("whole")
    assert names(tmp_path) == ["a.txt", "set"]


def test_ctrl_c_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.send_signal(signal.SIGINT)
        assert writer.wait(10) != 0
    assert names(tmp_path) == []


def test_a_writer_that_is_alive_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        write_text(tmp_path / "a.txt", "mine")
        assert len(names(tmp_path)) == 3
        other.kill()


def test_a_leftover_of_a_namesake_process_is_removed(tmp_path: Path) -> None:
    """In a container every run may have process id 1."""
    leftover = tmp_path / f".set.fv-tmp-{os.getpid()}-00000000"
    leftover.mkdir()
    with whole_folder(tmp_path / "set"):
        pass
    assert names(tmp_path) == ["set"]


def test_a_temporary_name_keeps_the_suffix_and_its_leftover_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".m.keras.fv-tmp-999999999-00000000.keras").write_text("half of a model")
    with whole_file(tmp_path / "m.keras") as temporary:
        assert temporary.suffix == ".keras"
        temporary.write_text("x")
    assert names(tmp_path) == ["m.keras"]


def test_names_that_only_look_alike_are_left_alone(tmp_path: Path) -> None:
    for name in (".a.txt.fv-tmp-x-00", ".b.txt.fv-tmp-999999999-00000000", "a.txt.fv-tmp-1-00000000"):
        (tmp_path / name).write_text("")
    write_text(tmp_path / "a.txt", "x")
    assert len(names(tmp_path)) == 4


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    data = os.urandom((1 << 20) + 7)
    (tmp_path / "a").write_bytes(data)
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_file_is_on_the_disk_before_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda number: (order.append("flush"), real_fsync(number))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (order.append("rename"), real_replace(self, to))[1])
    write_text(tmp_path / "a.txt", f"{time.time()}")
    assert order == ["flush", "rename"]
