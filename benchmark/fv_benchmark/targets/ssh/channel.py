"""The conversation with the agent on the device (`fv_benchmark.device.line` has the other end and the format).

One request, one answer. Whatever else the device prints is counted, and too much of it ends the conversation; so does
an answer that is larger than anything that was asked for. While we wait, an empty line now and then says that we are
still here.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fv_benchmark.errors import BadAnswer
from fv_benchmark.targets.ssh.connection import MAX_NOISE_BYTES, Connection
from fv_benchmark.targets.ssh.errors import DeviceTimedOut
from fv_benchmark.targets.ssh.said import decoded
from fv_benchmark.targets.ssh.session import Session
from fv_core.text import printable

STILL_THERE_SECONDS = 10.0
# Ten minutes without a pause are 600 slices of 250 samples: 1.5 MB; ten thousand calls of a block are 0.1 MB.
MAX_ANSWER_BYTES = 8 << 20
# A pipe that takes nothing for so long leads nowhere; ssh notices a dead line within fifteen seconds.
STALL_SECONDS = 30.0
_LENGTH = struct.Struct(">I")
_MAX_NOTE_CHARACTERS = 200


@dataclass(frozen=True)
class Heard:
    """What to do with what comes before the answer: `progress(done, total)` and `note(text)`."""

    progress: Callable[[int, int], None] = lambda done, total: None
    note: Callable[[str], None] = lambda text: None


class Channel:
    """An agent that listens."""

    def __init__(self, connection: Connection, session: Session, token: str) -> None:
        self._connection = connection
        self._session = session
        self._start = f"fv {token} ".encode()
        self._buffer = bytearray()
        self._is_waiting = False
        self._spoken_s = time.monotonic()

    def ask(
        self,
        verb: str,
        fields: dict[str, Any] | None = None,
        *,
        seconds: float,
        heard: Heard | None = None,
        frames: Iterable[bytes] = (),
        payload_bytes: int = 0,
    ) -> tuple[Any, bytes]:
        """The value of the answer, and its payload of exactly `payload_bytes`.

        `frames`: what follows a `put`. Raises the error that the device raised, `ConnectionLost`, `DeviceTimedOut`
        after `seconds` without an answer, and `BadAnswer`.
        """
        self._send(json.dumps({"verb": verb, **(fields or {})}).encode() + b"\n")
        sent_any = False
        for frame in frames:
            sent_any = True
            if self._answered_early():
                break
            self._send(_LENGTH.pack(len(frame)) + frame)
        if sent_any and not self._answered_early():
            self._send(_LENGTH.pack(0))
        return self.answer(seconds, heard or Heard(), payload_bytes)

    def answer(self, seconds: float, heard: Heard, payload_bytes: int = 0) -> tuple[Any, bytes]:
        """Read up to the next answer; see `ask`."""
        end_s, noise = time.monotonic() + seconds, 0
        self._is_waiting = True
        while True:
            line = self._line(end_s, MAX_NOISE_BYTES - noise)
            if not line.startswith(self._start):
                noise += len(line) + 1
                continue
            kind, _, rest = line[len(self._start) :].partition(b" ")
            if kind == b"answer":
                return self._body(rest, end_s, payload_bytes)
            noise += len(line) // 16  # a flood of these is one, too
            _tell(kind, rest, heard)

    def close(self) -> None:
        """End the agent; one whose last answer was none is not waited for."""
        self._session.close(at_once=self._is_waiting)

    def _body(self, rest: bytes, end_s: float, payload_bytes: int) -> tuple[Any, bytes]:
        sizes = [int(word) for word in rest.split() if word.isdigit() and len(word) < 12]
        if len(sizes) != 2 or sizes[0] > MAX_ANSWER_BYTES or sizes[1] not in (0, payload_bytes):
            raise BadAnswer(
                "the device announced an answer of another size than was asked for",
                why=printable(rest.decode("utf-8", "replace"), max_characters=60),
            )
        data, payload = self._exactly(sizes[0], end_s), self._exactly(sizes[1], end_s)
        self._is_waiting = False
        value = decoded(data)
        if sizes[1] != payload_bytes:
            raise BadAnswer("the device left numbers out", why=f"{sizes[1]} of {payload_bytes} bytes")
        return value, payload

    def _line(self, end_s: float, noise_bytes: int) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > noise_bytes:
                break
            self._fill(end_s)
        if end > noise_bytes or end < 0:
            raise BadAnswer(
                "the device prints without an end", why=f"over {MAX_NOISE_BYTES >> 20} MB that are no answer"
            )
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _exactly(self, count: int, end_s: float) -> bytes:
        while len(self._buffer) < count:
            self._fill(end_s)
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def _fill(self, end_s: float) -> None:
        """Read some more, saying now and then that we are here."""
        while True:
            left_s = end_s - time.monotonic()
            data = self._session.read(min(left_s, STILL_THERE_SECONDS))
            # By the clock, not by the silence: a device that tells its progress has to hear from us, too.
            if time.monotonic() - self._spoken_s >= STILL_THERE_SECONDS:
                self._speak()
            if data:
                self._buffer += data
                return
            if self._session.ended:
                raise self._connection.lost(self._session.errors())
            if left_s <= 0:
                raise DeviceTimedOut(f"{self._connection.address.host} gave no answer", why="it took too long")

    def _speak(self) -> None:
        self._session.write(b"\n", 0)
        self._spoken_s = time.monotonic()

    def _send(self, data: bytes) -> None:
        if not self._session.write_all(data, STALL_SECONDS) and not self._answered_early():
            raise self._connection.lost(self._session.errors())

    def _answered_early(self) -> bool:
        """Whether an answer came before the last frame: the device has refused what is being sent."""
        self._buffer += self._session.read(0)
        return self._start + b"answer" in self._buffer


def _tell(kind: bytes, rest: bytes, heard: Heard) -> None:
    if kind == b"note":
        heard.note(printable(rest.decode("utf-8", "replace"), max_characters=_MAX_NOTE_CHARACTERS))
    words = rest.split()
    if kind == b"progress" and len(words) == 2 and all(word.isdigit() and len(word) < 12 for word in words):
        heard.progress(int(words[0]), int(words[1]))
