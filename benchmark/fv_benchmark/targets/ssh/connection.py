"""One connection to the device by the user's own `ssh`, shared by every command that runs there.

Their configuration, agent and known hosts are used as they are; FV_SSH names another program or adds arguments, as
GIT_SSH_COMMAND does for git. What is changed, and why:

    BatchMode=yes                nobody is asked for a password: an error says what to do instead
    StrictHostKeyChecking        as configured; only `no` becomes `accept-new`, so that a changed key is always refused
    ControlMaster, ControlPath   the first process holds the connection, the others go through it (a socket in a folder
                                 of ours); ProxyCommand=false keeps these from connecting anew by themselves
    ServerAlive…                 a dead line is noticed within fifteen seconds
    no forwarding, no terminal   the device gets neither our agent nor our screen

The first process runs `cat` on the device for as long as we hold its input open: when we end, however that happens, so
does it, and with it the connection.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from fv_benchmark.errors import BadAnswer
from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.errors import DeviceTimedOut, DeviceUnreachable, SshMissing
from fv_benchmark.targets.ssh.refusals import last_line, lost, refusal
from fv_benchmark.targets.ssh.session import Session

# Of which ssh itself spends at most ten on reaching the host; a slow board needs seconds to start a shell.
CONNECT_SECONDS = 40.0
# More than any login script greets with.
MAX_NOISE_BYTES = 1 << 20
_ALL = (
    "BatchMode=yes",
    "ConnectTimeout=10",
    "ConnectionAttempts=1",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "RequestTTY=no",
    "RemoteCommand=none",
    "PermitLocalCommand=no",
    "VisualHostKey=no",
    "LogLevel=ERROR",
)
_MASTER = ("ControlMaster=yes", "ControlPersist=no")
_SHARED = ("ControlMaster=no", "ProxyCommand=false")
_ASK_SECONDS = 10.0


@dataclass(frozen=True)
class Done:
    """A command that has ended on the device."""

    status: int
    stdout: bytes
    stderr: str


class Connection:
    """A connection to `address`, once `open` has been called."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._folder = ""
        self._keeper: Session | None = None

    def open(self) -> None:
        """Connect and log in; raises `HostKeyChanged`, `LoginRefused` and what else `refusals` knows."""
        self.close()
        _remove_stale(Path(tempfile.gettempdir()))
        self._folder = tempfile.mkdtemp(prefix=f"fv-ssh-{os.getpid()}-")
        token = secrets.token_hex(8)
        strict = _host_key_checking(self.address)
        self._keeper = Session(self._command((*_MASTER, *strict), f"echo fv-{token} && exec cat"))
        self._await_greeting(self._keeper, token.encode())

    def start(self, command: str) -> Session:
        """Start a command on the device; `command` is read by the login shell there."""
        return Session(self._command(_SHARED, command))

    def run(self, command: str, script: str, seconds: float, max_bytes: int) -> Done:
        """Run a command with `script` as its input to its end. One that hangs is left to itself there.

        Raises `ConnectionLost`, `DeviceTimedOut`, and `BadAnswer` for more than `max_bytes`.
        """
        session, output, end_s = self.start(command), bytearray(), time.monotonic() + seconds
        try:
            session.write_all(script.encode(), seconds)
            session.end_of_input()
            while not session.ended:
                output += session.read(end_s - time.monotonic())
                if len(output) > max_bytes:
                    raise BadAnswer(
                        f"{self.address.host} printed more than it was asked for", why=f"over {max_bytes} bytes"
                    )
                if time.monotonic() > end_s:
                    raise DeviceTimedOut(f"{self.address.host} gave no answer", why=f"within {seconds:g} s")
            done = Done(session.status(), bytes(output), session.errors())
        finally:
            session.close(at_once=True)
        if done.status == 255 and not self.is_alive():  # 255: of ssh itself, no command's
            raise self.lost(done.stderr)
        return done

    def is_alive(self) -> bool:
        """Whether the connection stands, as far as ssh knows."""
        return (
            self._keeper is not None and not self._keeper.ended and not self._keeper.read(0) and not self._keeper.ended
        )

    def lost(self, stderr: str = "") -> Exception:
        """The error for a connection that broke."""
        return lost(f"{stderr}\n{self._keeper.errors() if self._keeper else ''}", self.address)

    def close(self) -> None:
        """End it; twice is as good as once."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def _command(self, options: tuple[str, ...], command: str) -> list[str]:
        chosen = [word for option in (*options, *_ALL) for word in ("-o", option)]
        socket = ["-S", str(Path(self._folder) / "line")]
        return [*program(), *socket, *chosen, *self.address.arguments(), command]

    def _await_greeting(self, keeper: Session, token: bytes) -> None:
        output, end_s = bytearray(), time.monotonic() + CONNECT_SECONDS
        while b"fv-" + token not in output:
            output += keeper.read(end_s - time.monotonic())
            if len(output) > MAX_NOISE_BYTES:
                raise BadAnswer(f"{self.address.host} prints without an end", why="its login scripts gave over 1 MB")
            if keeper.ended:
                raise refusal(keeper.errors(), self.address)
            if time.monotonic() > end_s:
                raise DeviceUnreachable(
                    f"{self.address.host} does not answer",
                    why=last_line(keeper.errors()) or f"no login within {CONNECT_SECONDS:g} s",
                    hint=f"ssh {self.address.typed()}",
                )


def _remove_stale(place: Path) -> None:
    """Remove the folders of processes that were killed: nobody else would."""
    for folder in place.glob("fv-ssh-*-*"):
        pid = folder.name.split("-")[2]
        if pid.isdigit() and folder.stat().st_uid == os.getuid() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def program() -> list[str]:
    """The words that start ssh: FV_SSH, else `ssh`."""
    return shlex.split(os.environ.get("FV_SSH", "")) or ["ssh"]


def _host_key_checking(address: Address) -> tuple[str, ...]:
    """`accept-new` where the user's configuration would take any key, a changed one too; else nothing."""
    try:
        asked = subprocess.run(
            [*program(), "-G", *address.arguments()], capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
        )
    except OSError as error:
        raise SshMissing(f"cannot start {program()[0]}", why=error.strerror or "not found") from error
    lines = asked.stdout.lower().splitlines()
    return ("StrictHostKeyChecking=accept-new",) if "stricthostkeychecking false" in lines else ()
