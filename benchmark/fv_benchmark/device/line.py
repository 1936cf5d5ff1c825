"""The device's end of the line: requests come in on standard input, answers go out on standard output.

    in     one JSON object a line; after a `put`, frames of a 4-byte length (big endian) and as many bytes, the last of
           length 0; while the device works, an empty line now and then that says "still there"
    out    fv TOKEN progress DONE TOTAL          how far a piece of work is
           fv TOKEN note TEXT                    one line of what is being done
           fv TOKEN answer LENGTH BYTES          then LENGTH bytes of JSON and BYTES of raw numbers

The token is drawn anew for each session, so that what a login script prints is not taken for an answer. Where nothing
is heard for `SILENCE_S`, or the line ends, this process ends at once with its process group; measuring children, which
have groups of their own, are ended by the kernel then (`PR_SET_PDEATHSIG` in `fv_edge_runtime._child`). Whatever
happens to the connection, nothing stays behind.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

# The other side says "still there" every ten seconds; six of these lost in a row is no hiccup of a network.
SILENCE_S = 60.0
_MAX_REQUEST_BYTES = 4 << 20
_READ_BYTES = 1 << 16
_TICK_S = 0.5
_LENGTH = struct.Struct(">I")


class HostGone(Exception):
    """The line has ended, or nothing was heard for too long: nobody is left to be told of it."""


def _end() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


class Line:
    """Standard input and output, kept for the conversation alone: what else is printed goes to standard error."""

    def __init__(self, token: str) -> None:
        with suppress(PermissionError):  # the leader of a session leads its group already
            os.setpgid(0, 0)
        self._token = token
        self._in = 0
        self._out = os.dup(1)
        os.dup2(2, 1)
        self._buffer = bytearray()

    def requests(self) -> Iterator[dict[str, Any]]:
        """Each request until the line ends."""
        while True:
            try:
                line = self._read_line()
            except HostGone:
                return
            if line.strip():
                yield json.loads(line)

    def frames(self) -> Iterator[bytes]:
        """The frames that follow a `put`; raises `HostGone` when the line ends before the last one."""
        while length := _LENGTH.unpack(self._read(_LENGTH.size))[0]:
            yield self._read(length)

    def progress(self, done: int, total: int) -> None:
        """Say how far the work is."""
        self._write(f"fv {self._token} progress {done} {total}\n".encode())

    def note(self, text: str) -> None:
        """Say one line."""
        self._write(f"fv {self._token} note {' '.join(text.split())[:500]}\n".encode("utf-8", "replace"))

    def answer(self, value: Any, payload: bytes = b"") -> None:
        """End a request."""
        data = json.dumps(value).encode()
        self._write(f"fv {self._token} answer {len(data)} {len(payload)}\n".encode() + data + payload)

    @contextmanager
    def watched(self, tick: Callable[[], None] | None = None) -> Iterator[None]:
        """While the block works, listen for the end of the line; `tick` is called every half second."""
        reader, writer = os.pipe()
        watcher = threading.Thread(target=self._watch, args=(reader, tick), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            os.write(writer, b".")
            watcher.join()
            os.close(reader)
            os.close(writer)

    def _watch(self, stop: int, tick: Callable[[], None] | None) -> None:
        silent_s = 0.0
        while True:
            ready, _, _ = select.select([self._in, stop], [], [], _TICK_S)
            if stop in ready:
                return
            if self._in in ready:
                if not os.read(self._in, _READ_BYTES):
                    _end()
                silent_s = 0.0
            elif (silent_s := silent_s + _TICK_S) >= SILENCE_S:
                _end()
            if tick is not None:
                tick()

    def _read_line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _MAX_REQUEST_BYTES:
                raise HostGone("a request without an end")
            self._fill()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def _fill(self) -> None:
        ready, _, _ = select.select([self._in], [], [], SILENCE_S)
        data = os.read(self._in, _READ_BYTES) if ready else b""
        if not data:
            raise HostGone("the line has ended")
        self._buffer += data

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._out, data) :]
