"""One `ssh` process with a command on the device: bytes go in, bytes come out, nothing waits for ever.

What the device prints is a stranger's: standard output is read no faster than it is wanted, and of standard error only
the end is kept.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import IO

from fv_benchmark.targets.ssh.errors import SshMissing

READ_BYTES = 1 << 16
_ERROR_TAIL_CHUNKS = 4
# A process that has lost its input and does not end in this time never will.
_END_SECONDS = 2.0


class Session:
    """A started process. `ended`: whether its output is over."""

    def __init__(self, command: Sequence[str]) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C reaches us alone, and we end the processes in order
            )
        except (FileNotFoundError, PermissionError) as error:
            raise SshMissing(f"cannot start {command[0]}", why=error.strerror or "not found") from error
        self._stdin, self._stdout = _pipe(self._process.stdin), _pipe(self._process.stdout)
        self._errors = _Tail(_pipe(self._process.stderr))
        os.set_blocking(self._stdin.fileno(), False)
        os.set_blocking(self._stdout.fileno(), False)
        self.ended = False

    def read(self, seconds: float) -> bytes:
        """What is there, waiting at most `seconds` for it; empty after that time or at the end."""
        ready, _, _ = select.select([self._stdout], [], [], max(0.0, seconds))
        if not ready:
            return b""
        data = os.read(self._stdout.fileno(), READ_BYTES)
        self.ended = not data
        return data

    def write(self, data: bytes, seconds: float) -> int:
        """How many of the bytes the pipe took within `seconds`; 0 too where nobody reads it any more."""
        _, ready, _ = select.select([], [self._stdin], [], max(0.0, seconds))
        if not ready:
            return 0
        try:
            return os.write(self._stdin.fileno(), data)
        except BrokenPipeError:
            return 0

    def write_all(self, data: bytes, seconds: float) -> bool:
        """Whether the pipe took all of it within `seconds`."""
        end_s = time.monotonic() + seconds
        while data and time.monotonic() < end_s:
            taken = self.write(data, end_s - time.monotonic())
            if not taken:
                return False
            data = data[taken:]
        return not data

    def end_of_input(self) -> None:
        """Close its standard input."""
        if not self._stdin.closed:
            self._stdin.close()

    def status(self) -> int:
        """Exit status, waited for a short while; the process is killed if it does not come."""
        try:
            return self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.close()
            return self._process.returncode

    def errors(self) -> str:
        """The end of what it wrote to standard error."""
        return self._errors.text()

    def close(self, *, at_once: bool = False) -> None:
        """End it: by the end of its input, else by force; `at_once`: by force, nobody listens to it any more."""
        self.end_of_input()
        try:
            self._process.wait(0 if at_once else _END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._errors.join()
        self._stdout.close()


class _Tail:
    """Reads a pipe to its end in a thread and keeps the last part."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._chunks: deque[bytes] = deque(maxlen=_ERROR_TAIL_CHUNKS)
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while chunk := os.read(stream.fileno(), READ_BYTES):
                self._chunks.append(chunk)

    def join(self) -> None:
        self._thread.join(_END_SECONDS)

    def text(self) -> str:
        self._thread.join(0.2)  # a process that has just ended may have said why a moment ago
        return b"".join(self._chunks).decode("utf-8", errors="replace")


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("every pipe was asked for")
    return stream
