"""A phone behind `adb`: commands with limits, files, and errors that say what happened.

Every command is one argument list here; on the phone it passes through a shell, so each word is quoted for it. Our own
names go there, never a user's: models are called `model0.tflite`, in a folder of ours. What comes back is a stranger's:
at most so many bytes are read, and no longer than so many seconds.

The adb server that the first command may start belongs to the user, whose other tools talk to it, and is left running.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from fv_benchmark.errors import BadAnswer
from fv_benchmark.targets.adb.errors import AdbMissing, PhoneFull, PhoneGone, PhoneNotThere, PhoneRefused, PhoneTimedOut
from fv_core.text import printable

# benchmark_model prints a few kilobytes, dumpsys thermalservice as much; a per-operator profile of a large model less
# than a megabyte.
MAX_OUTPUT_BYTES = 4 << 20
# A cable carries 30 MB a second at worst USB 2; a 400 MB model in two minutes is slow Wi-Fi.
PUSH_SECONDS = 300.0
COMMAND_SECONDS = 30.0
_FOLDER = "/data/local/tmp"
_LOOK_SECONDS = 0.25
_GONE = re.compile(
    r"device '.*' not found|no devices/emulators found|device offline|error: closed|protocol fault", re.I
)
_FULL = re.compile(r"No space left on device|ENOSPC", re.IGNORECASE)
_STATES = {
    "unauthorized": (
        "the phone has not allowed this computer",
        "unlock it and say yes to its question, then run again",
    ),
    "offline": ("the phone does not answer", "pull the cable and put it in again"),
    "more than one": ("adb sees more than one device", "adb devices, then --on adb:SERIAL"),
    "no devices": ("adb sees no phone", "switch on USB debugging in the developer options, then adb devices"),
    "not found": ("adb does not see that phone", "adb devices shows the serial numbers"),
}


class Phone:
    """One device. `serial` None: the only one there is. Nothing is asked before `connect`."""

    def __init__(self, serial: str | None) -> None:
        self._serial = serial
        self._adb = ""
        self.folder = f"{_FOLDER}/fv-{secrets.token_hex(4)}"

    def connect(self) -> None:
        """Find adb and the phone; raises `AdbMissing` or `PhoneNotThere`."""
        adb = shutil.which("adb")
        if adb is None:
            raise AdbMissing("no adb on this machine", why="it is what talks to an Android phone")
        self._adb = adb
        status, said = self._run(["get-state"], COMMAND_SECONDS)
        if status != 0 or said.strip().splitlines()[-1:] != ["device"]:
            raise _not_there(said)

    def shell(self, words: Sequence[str], seconds: float = COMMAND_SECONDS) -> str:
        """What a command prints there, its errors too; raises `PhoneRefused` where it fails, and what `run` raises."""
        status, said = self.run(words, seconds)
        if status != 0:
            raise PhoneRefused(f"{words[0]} failed on the phone", why=_last_line(said) or f"exit status {status}")
        return said

    def run(self, words: Sequence[str], seconds: float = COMMAND_SECONDS) -> tuple[int, str]:
        """Exit status and output of a command there; raises `PhoneGone`, `PhoneTimedOut`, `BadAnswer`."""
        status, said = self._run(["shell", shlex.join(words)], seconds)
        if status != 0:
            self._check_there(said)
        return status, said

    def push(self, path: Path, name: str) -> str:
        """Copy a file into our folder; its path there. Raises `PhoneFull`, `PhoneRefused` and what `run` raises."""
        there = f"{self.folder}/{name}"
        # An absolute path: one that begins with a minus would be an option.
        status, said = self._run(["push", str(path.resolve()), there], PUSH_SECONDS)
        if status != 0:
            if _FULL.search(said):
                raise PhoneFull("no room on the phone", why=f"{path.stat().st_size} bytes are to go to {_FOLDER}")
            self._check_there(said)
            raise PhoneRefused("the phone did not take a file", why=_last_line(said))
        return there

    def pull(self, name: str, path: Path) -> None:
        """Copy a file of our folder to `path`; raises `PhoneRefused` and what `run` raises."""
        status, said = self._run(["pull", f"{self.folder}/{name}", str(path.resolve())], PUSH_SECONDS)
        if status != 0 or not path.is_file():
            self._check_there(said)
            raise PhoneRefused("the phone did not give a file back", why=_last_line(said))

    def clean_up(self) -> None:
        """End what still runs of ours and remove what was put there; a phone that is gone or hangs keeps it."""
        # In brackets: the pattern is not to match the command line that it stands in.
        ours = f"{self.folder}/[b]enchmark_model"
        for words in (["pkill", "-9", "-f", ours], ["rm", "-rf", self.folder]):
            with contextlib.suppress(PhoneTimedOut, BadAnswer):
                self._run(["shell", shlex.join(words)], COMMAND_SECONDS)

    def _check_there(self, said: str) -> None:
        if _GONE.search(said) or self._run(["get-state"], COMMAND_SECONDS)[0] != 0:
            raise PhoneGone("the phone is gone", why=_last_line(said) or "adb does not see it any more")

    def _run(self, words: Sequence[str], seconds: float) -> tuple[int, str]:
        which = ["-s", self._serial] if self._serial else []
        with TemporaryFile() as output:
            # The file size limit of the child would stop adb itself; so the size is looked at while it runs.
            process = subprocess.Popen(
                [self._adb, *which, *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                _wait(process, output.fileno(), seconds, words[0])
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            output.seek(0)
            return process.returncode, output.read(MAX_OUTPUT_BYTES).decode("utf-8", errors="replace")


def _wait(process: subprocess.Popen[bytes], output: int, seconds: float, what: str) -> None:
    looks = max(1, round(seconds / _LOOK_SECONDS))
    for _ in range(looks):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_LOOK_SECONDS)
        if os.fstat(output).st_size > MAX_OUTPUT_BYTES:
            raise BadAnswer("the phone printed more than it was asked for", why=f"over {MAX_OUTPUT_BYTES} bytes")
        if process.poll() is not None:
            return
    raise PhoneTimedOut(f"stopped after {seconds:g} s", why=f"adb {what} did not come to an end")


def _not_there(said: str) -> PhoneNotThere:
    for sign, (problem, hint) in _STATES.items():
        if sign in said:
            return PhoneNotThere(problem, why=_last_line(said), hint=hint)
    return PhoneNotThere("adb does not reach the phone", why=_last_line(said), hint="adb devices")


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return printable(lines[-1], max_characters=200) if lines else ""
