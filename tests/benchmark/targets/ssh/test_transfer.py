"""Files to a device: whole, once, resumed, and refused where there is no room. Over OpenSSH's own server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from fv_benchmark.device.errors import DeviceDiskFull
from fv_benchmark.targets import TargetOptions, make_target
from fv_benchmark.targets.ssh import transfer
from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.channel import Channel
from fv_benchmark.targets.ssh.connection import Connection
from fv_benchmark.targets.ssh.errors import ConnectionLost, TooMuchToSend
from fv_benchmark.targets.ssh.launch import launch
from fv_benchmark.targets.ssh.pythons import find_pythons
from fv_benchmark.targets.ssh.transfer import CHUNK_BYTES, Parcel, send
from fv_core.progress import Silent
from tests.benchmark.targets.ssh.board import ALIAS, NEEDS_SSHD, ON, Board, gone
from tests.core._mounts import mounted_tmpfs

pytestmark = NEEDS_SSHD
# Enough chunks for a break in the middle, with some still in ssh's buffers.
SIZE = 40 * CHUNK_BYTES


@dataclass
class Moved(Silent):
    """Where the transfer began and how far it came; `at` is called at half."""

    steps: list[int] = field(default_factory=list)
    cut: Board | None = None

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        self.steps.append(done)
        if self.cut is not None and total and done > total // 2:
            self.cut.cut()
            self.cut = None


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    path = tmp_path / "noise.bin"
    path.write_bytes(np.random.default_rng(0).bytes(SIZE))
    return Parcel.of(path, ".bin", "noise")


def opened() -> tuple[Connection, Channel]:
    connection = Connection(Address(ALIAS))
    connection.open()
    return connection, launch(connection, find_pythons(connection)[0])


def test_a_file_arrives_whole_and_only_once(started: Board, parcel: Parcel) -> None:
    connection, channel = opened()
    with closing(connection), closing(channel):
        assert send(channel, [parcel, parcel], Silent()) == SIZE
        there = started.home / ".cache/fv/blobs" / parcel.name
        assert there.read_bytes() == parcel.path.read_bytes()
        again = Moved()
        assert send(channel, [parcel], again) == 0
        assert again.steps == []


def test_a_transfer_that_was_cut_goes_on_where_it_was(started: Board, parcel: Parcel) -> None:
    connection, channel = opened()
    with closing(connection), closing(channel), pytest.raises(ConnectionLost):
        send(channel, [parcel], Moved(cut=started))
    part = started.home / ".cache/fv/blobs" / f"{parcel.name}.part"
    kept_bytes = part.stat().st_size
    assert 0 < kept_bytes < SIZE
    connection, channel = opened()
    with closing(connection), closing(channel):
        again = Moved()
        sent_bytes = send(channel, [parcel], again)
    assert sent_bytes == SIZE - kept_bytes
    assert again.steps[0] == kept_bytes + CHUNK_BYTES
    assert (part.parent / parcel.name).read_bytes() == parcel.path.read_bytes()
    assert not part.exists()


def test_what_goes_over_the_line_is_compressed(started: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "zeros.bin"
    path.write_bytes(bytes(SIZE))
    frames: list[bytes] = []
    compressed = transfer._compressed
    monkeypatch.setattr(
        transfer, "_compressed", lambda *given: (frames.append(one) or one for one in compressed(*given))
    )
    connection, channel = opened()
    with closing(connection), closing(channel):
        assert send(channel, [Parcel.of(path, ".bin", "zeros")], Silent()) == SIZE
    assert sum(map(len, frames)) < SIZE / 100


def test_too_much_is_refused_before_anything_is_sent(parcel: Parcel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "STORE_LIMIT_BYTES", SIZE - 1)
    with pytest.raises(TooMuchToSend) as error:
        send(None, [parcel], Silent())  # type: ignore[arg-type]  # nobody is asked
    assert "--limit" in error.value.hint


@pytest.fixture
def full_disk(board: Board) -> Iterator[Path]:
    """The device's home on a disk of its own, of one megabyte."""
    board.home.rmdir()
    yield from mounted_tmpfs(board.home, "size=1m")


@pytest.mark.root
def test_a_full_disk_there_is_said_before_anything_is_sent(board: Board, full_disk: Path, onnx: Path) -> None:
    board.start()
    target = make_target(ON, TargetOptions())
    with closing(target), pytest.raises(DeviceDiskFull) as error:
        target.open([onnx], Silent())
    assert "--clean" in error.value.hint
    assert gone(board.sessions()) == []


@pytest.mark.root
def test_a_disk_that_has_no_room_for_the_program_is_said(board: Board, full_disk: Path, onnx: Path) -> None:
    (full_disk / "filling").write_bytes(bytes(1 << 20))
    board.start()
    target = make_target(ON, TargetOptions())
    with closing(target), pytest.raises(DeviceDiskFull):
        target.open([onnx], Silent())
    assert gone(board.sessions()) == []


@pytest.mark.root
def test_a_disk_that_fills_up_on_the_way_is_said_and_emptied(
    board: Board, full_disk: Path, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.start()
    connection, channel = opened()
    with closing(connection), closing(channel):
        # As if the room had been there when it was asked for.
        asked = channel.ask
        monkeypatch.setattr(
            channel,
            "ask",
            lambda verb, *given, **more: (None, b"") if verb == "make_room" else asked(verb, *given, **more),
        )
        (full_disk / ".cache/fv/blobs").mkdir(parents=True)
        with pytest.raises(DeviceDiskFull):
            send(channel, [parcel], Silent())
    assert list((full_disk / ".cache/fv/blobs").iterdir()) == []
    assert gone(board.sessions()) == []
