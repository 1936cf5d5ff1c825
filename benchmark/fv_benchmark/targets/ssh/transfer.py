"""Files to the device: by content, compressed, resumed where a connection broke, within a limit.

A file's name there is the digest of its content, so what was sent once is not sent again, by any later call. Only what
is not there yet goes over the line, zlib-compressed in chunks; a part that stayed behind when a connection broke is
continued. Integrity is checked there, over the whole file.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fv_benchmark.errors import BadAnswer
from fv_benchmark.targets.ssh.channel import Channel
from fv_benchmark.targets.ssh.errors import TooMuchToSend
from fv_core.files import sha256_of_file
from fv_core.progress import Progress

# Of the device's card: seven thousand pictures of 300 pixels, and more models than one compares.
STORE_LIMIT_BYTES = 2 << 30
CHUNK_BYTES = 1 << 18
# Weights hardly shrink, photos by a third; the fastest level keeps up with any network that a Pi has.
_LEVEL = 1
_SECONDS = 60.0
# Reading back what has arrived, for its digest, from the slowest memory card (about 20 MB/s).
_CHECK_BYTES_A_SECOND = 20e6


@dataclass(frozen=True)
class Parcel:
    """A file on its way. `name`: in the store there. `label`: for the progress line."""

    path: Path
    name: str
    label: str

    @classmethod
    def of(cls, path: Path, suffix: str, label: str) -> Parcel:
        """The file at `path`, kept there under its digest and `suffix`."""
        return cls(path, f"{sha256_of_file(path)}{suffix}", label)

    @property
    def size_bytes(self) -> int:
        """How large it is."""
        return self.path.stat().st_size


def send(channel: Channel, parcels: Sequence[Parcel], progress: Progress) -> int:
    """Bring every parcel to the device; how many bytes of them were not there yet.

    Raises `TooMuchToSend`, `DeviceDiskFull`, `TransferDamaged`, and what `Channel.ask` raises.
    """
    names = list({parcel.name: None for parcel in parcels})
    wanted = {parcel.name: parcel for parcel in parcels}
    total = sum(wanted[name].size_bytes for name in names)
    if total > STORE_LIMIT_BYTES:
        raise TooMuchToSend(
            f"{total / 1e9:.1f} GB are too much for the device",
            why=f"it keeps at most {STORE_LIMIT_BYTES / 1e9:.1f} GB",
            hint="take fewer pictures with --limit N",
        )
    have, _ = channel.ask("have", {"names": names}, seconds=_SECONDS)
    there = {name: _offset(have, name, wanted[name].size_bytes) for name in names}
    needed = {name: wanted[name].size_bytes - there[name] for name in names}
    room = {"needed_bytes": sum(needed.values()), "keep": names, "limit_bytes": STORE_LIMIT_BYTES}
    channel.ask("make_room", room, seconds=_SECONDS)
    sent = 0
    for name in names:
        if needed[name] or not have[name][1]:
            _put(channel, wanted[name], there[name], progress)
            sent += needed[name]
    return sent


def _put(channel: Channel, parcel: Parcel, offset: int, progress: Progress) -> None:
    size_bytes = parcel.size_bytes

    def tell(done: int) -> None:
        progress.advance(f"sending {parcel.label}", done, size_bytes)

    channel.ask(
        "put",
        {"name": parcel.name, "size_bytes": size_bytes, "offset": offset},
        seconds=_SECONDS + size_bytes / _CHECK_BYTES_A_SECOND,
        frames=_compressed(parcel.path, offset, tell),
    )


def _compressed(path: Path, offset: int, tell: Callable[[int], None]) -> Iterator[bytes]:
    compressor, done = zlib.compressobj(_LEVEL), offset
    with path.open("rb") as stream:
        stream.seek(offset)
        while chunk := stream.read(CHUNK_BYTES):
            done += len(chunk)
            # Flushed chunk by chunk: what has arrived when the line breaks can be kept.
            yield compressor.compress(chunk) + compressor.flush(zlib.Z_SYNC_FLUSH)
            tell(done)
    yield compressor.flush()


def _offset(have: object, name: str, size_bytes: int) -> int:
    """How many bytes of it are there, of what the device says."""
    said = have.get(name) if isinstance(have, dict) else None
    if not isinstance(said, list) or len(said) != 2 or type(said[0]) is not int or type(said[1]) is not bool:
        raise BadAnswer("the device did not say what it has", why=f"nothing about {name[:12]}…")
    if not 0 <= said[0] <= size_bytes or (said[1] and said[0] != size_bytes):
        raise BadAnswer("the device has more of a file than there is", why=f"{said[0]} of {size_bytes} bytes")
    return said[0]
