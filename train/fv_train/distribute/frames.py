"""Messages on a connection: one byte of kind, eight of length (big-endian), then the data.

Nothing that arrives is executed or unpickled; what is too long for its kind ends the connection.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from enum import Enum

from fv_train.errors import WorkerLost

_HEAD = struct.Struct(">cQ")
_RECEIVE_BYTES = 1 << 20
_SHORT = 1 << 20
# The largest classifier of keras.applications, NASNetLarge: 89 million weights, with two slots and an average 1.4 GB.
_STATE = 4 << 30


class Kind(Enum):
    """What a message is."""

    GREETING = b"g"
    WELCOME = b"w"
    ALIVE = b"a"
    SHARED = b"s"
    NUMBER = b"n"
    SUM = b"t"
    STOPPED = b"e"
    DONE = b"d"


@dataclass(eq=False)
class Connection:
    """A socket to another worker. `name`: which one. `heard_at`: clock time of the last byte from it."""

    socket: socket.socket
    name: str
    heard_at: float
    _waiting: bytearray = field(default_factory=bytearray)

    def fileno(self) -> int:
        """For waiting on several."""
        return self.socket.fileno()

    def send(self, kind: Kind, data: bytes = b"") -> None:
        """Send a message; raises `WorkerLost`."""
        try:
            self.socket.sendall(_HEAD.pack(kind.value, len(data)))
            self.socket.sendall(data)
        except OSError as error:
            raise self.gone(str(error)) from error

    def receive(self, now: float) -> list[tuple[Kind, bytes]]:
        """Read what is there and return the messages that are complete; raises `WorkerLost` at the end."""
        self._read(_RECEIVE_BYTES, now)
        found = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def receive_one(self, now: float) -> tuple[Kind, bytes]:
        """Wait for the next message, and leave what follows it on the way; raises `WorkerLost`."""
        while (message := self._next()) is None:
            missing = _HEAD.size if len(self._waiting) < _HEAD.size else _HEAD.size + self._length()
            self._read(missing - len(self._waiting), now)
        return message

    def close(self) -> None:
        """Close it."""
        self.socket.close()

    def gone(self, why: str) -> WorkerLost:
        """The error that says that this worker is lost."""
        return WorkerLost(f"{self.name} is gone", why=why)

    def _read(self, at_most: int, now: float) -> None:
        try:
            data = self.socket.recv(at_most)
        except OSError as error:
            raise self.gone(str(error)) from error
        if not data:
            raise self.gone("its connection closed")
        self.heard_at = now
        self._waiting += data

    def _next(self) -> tuple[Kind, bytes] | None:
        """A complete message, taken away from what has come."""
        if len(self._waiting) < _HEAD.size:
            return None
        end = _HEAD.size + self._length()
        if len(self._waiting) < end:
            return None
        kind, data = Kind(bytes(self._waiting[:1])), bytes(self._waiting[_HEAD.size : end])
        del self._waiting[:end]
        return kind, data

    def _length(self) -> int:
        """Of the data of the message whose head has come; raises `WorkerLost` for one that no worker sends."""
        letter, length = _HEAD.unpack_from(self._waiting)
        try:
            kind = Kind(letter)
        except ValueError:
            raise self.gone("it sent something else than a worker does") from None
        if length > (_STATE if kind is Kind.SHARED else _SHORT):
            raise self.gone(f"it announced {length} bytes")
        return int(length)
