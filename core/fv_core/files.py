"""Files and folders that are written whole or not at all.

An output is written beside its final name, under a temporary name that carries the writer's process id, flushed to
disk, and renamed: rename is atomic within a file system (POSIX.1-2017, rename()). An exception removes the temporary
file; after kill -9 it stays, and the next writer of the same name removes it once that process is gone. In a container
every process may have the same id, so a token drawn at its start tells a process from its namesakes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fv_core.errors import AlreadyExists, DiskFull, FvError, NotWritable

_TEMPORARY = re.compile(r"^\.(?P<name>.+)\.fv-tmp-(?P<pid>\d+)-(?P<token>[0-9a-f]+)(?:\.[^.]+)?$")
_TOKEN = secrets.token_hex(4)
_READ_CHUNK_BYTES = 1 << 20


def sha256_of_file(path: Path) -> str:
    """Hex SHA-256 of the file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_READ_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it becomes `path`, on any exception it is removed.

    Raises `DiskFull` or `NotWritable` in place of the operating system's error.
    """
    with translated_os_errors(path):
        _make_folder(path.parent)
        _remove_stale(path)
        temporary = _temporary_name(path)
        try:
            yield temporary
            _flush_to_disk(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a new temporary folder beside `path`; on success it becomes `path`, which must not exist yet."""
    with translated_os_errors(path):
        _make_folder(path.parent)
        _remove_stale(path)
        temporary = _temporary_name(path)
        temporary.mkdir()
        try:
            yield temporary
            temporary.rename(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data`, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def check_writable(path: Path) -> None:
    """Raise `NotWritable` where `path` cannot be made; asked before long work, so that none is lost. Writes nothing."""
    place = path.parent
    while not place.exists():
        place = place.parent
    why = "" if os.access(place, os.W_OK | os.X_OK) else f"{place} is not writable"
    why = why if place.is_dir() else f"{place} is a file"
    if why:
        raise NotWritable(f"cannot write {path}", why=why, hint="choose another place with --out")


@contextmanager
def translated_os_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write near `path` into errors with a hint."""
    try:
        yield
    except FvError:
        raise
    except OSError as error:
        # EFBIG: the largest file that a shell (ulimit -f) or a file system allows
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(
                f"no room to write {path}",
                why=error.strerror or "disk full",
                hint=f"free some space (df -h {path.parent}) or choose another place with --out",
            ) from error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise AlreadyExists(
                f"{path} is there already",
                why=error.strerror or "it exists",
                hint="remove it, or choose another place with --out",
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG):
            raise NotWritable(
                f"cannot write {path}",
                why=error.strerror or "not writable",
                hint="choose another place with --out",
            ) from error
        raise


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # a file stands where the folder should be
        raise NotADirectoryError(errno.ENOTDIR, "there is a file in the place of its folder", str(folder)) from error


def _temporary_name(path: Path) -> Path:
    # The suffix stays the last: libraries choose a format by it, and Keras insists on its own.
    return path.with_name(f".{path.name}.fv-tmp-{os.getpid()}-{_TOKEN}{path.suffix}")


def _remove_stale(path: Path) -> None:
    """Remove what a killed writer of `path` left behind."""
    for entry in path.parent.iterdir():
        match = _TEMPORARY.match(entry.name)
        if match is None or match["name"] != path.name or _is_alive(int(match["pid"]), match["token"]):
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _is_alive(pid: int, token: str) -> bool:
    if pid == os.getpid():
        return token == _TOKEN
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
