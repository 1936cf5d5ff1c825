"""What was sent to the device, by the digest of its content: `~/.cache/fv/blobs/SHA256.SUFFIX`.

A transfer is written to the same name with `.part` behind it. When a connection breaks, the part stays, and the next
transfer goes on behind its last byte; the digest of the whole is checked before it gets its name. The store is kept
below a limit: what was not used for longest goes first.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fv_benchmark.device.errors import DeviceDiskFull, TransferDamaged
from fv_core.files import sha256_of_file

_NAME = re.compile(r"(?P<sha256>[0-9a-f]{64})\.(tflite|onnx|bin|whl)")
# A card that is full to the last byte makes a Raspberry Pi OS misbehave; so much stays free.
SPARE_BYTES = 64 << 20


class Store:
    """The folder of blobs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where the blob `name` lies, or will; raises `ValueError` for a name that is none."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"no blob: {name!r}")
        return self._folder / name

    def bytes_of(self, name: str) -> tuple[int, bool]:
        """How many bytes are here, and whether that is all of it. A whole one counts as used now."""
        path = self.path(name)
        if path.is_file():
            os.utime(path)
            return path.stat().st_size, True
        part = _part(path)
        return (part.stat().st_size if part.is_file() else 0), False

    def make_room(self, needed_bytes: int, keep: Iterable[str], limit_bytes: int) -> None:
        """Delete what was not used for longest until `needed_bytes` fit; raises `DeviceDiskFull`."""
        kept = {self.path(name) for name in keep}
        kept |= {_part(path) for path in kept}
        with disk_errors():
            self._folder.mkdir(parents=True, exist_ok=True)
        used = {path: path.stat() for path in self._folder.iterdir()}
        total = sum(status.st_size for status in used.values())
        for path in sorted(used, key=lambda path: used[path].st_mtime):
            if total + needed_bytes <= limit_bytes and self._free() >= needed_bytes + SPARE_BYTES:
                return
            if path not in kept:
                path.unlink()
                total -= used[path].st_size
        if self._free() < needed_bytes + SPARE_BYTES:
            raise DeviceDiskFull(
                "there is no room on the device",
                why=f"{needed_bytes / 1e6:.0f} MB are to be sent, {self._free() / 1e6:.0f} MB are free "
                f"and {SPARE_BYTES / 1e6:.0f} MB stay so",
            )

    def receive(self, name: str, size_bytes: int, offset: int, frames: Iterable[bytes]) -> None:
        """Write the zlib-compressed `frames` behind the first `offset` bytes and give the blob its name."""
        path = self.path(name)
        part = _part(path)
        try:
            with disk_errors(), part.open("ab") as stream:
                stream.truncate(offset)
                _inflate(frames, stream)
                stream.flush()
                os.fsync(stream.fileno())
        except DeviceDiskFull:
            part.unlink(missing_ok=True)  # a full disk helps nobody; the next try begins anew
            raise
        if part.stat().st_size != size_bytes or sha256_of_file(part) != path.name.partition(".")[0]:
            part.unlink()
            raise TransferDamaged("what arrived on the device is not what was sent", why="its digest differs")
        part.replace(path)

    def _free(self) -> int:
        return shutil.disk_usage(self._folder).free


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn "no space left" and "read-only file system" into `DeviceDiskFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        raise DeviceDiskFull("there is no room on the device", why=error.strerror or "disk full") from error


def remove_tree(folder: Path) -> int:
    """Delete a folder; how many bytes its files had."""
    freed = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    shutil.rmtree(folder, ignore_errors=True)
    return freed


def _inflate(frames: Iterable[bytes], stream: BinaryIO) -> None:
    inflater = zlib.decompressobj()
    for frame in frames:
        stream.write(inflater.decompress(frame))
    stream.write(inflater.flush())


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")
