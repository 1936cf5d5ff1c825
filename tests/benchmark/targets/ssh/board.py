"""A device for the tests: OpenSSH's own server on loopback, with keys, a home folder and a PATH of its own.

It logs in to this very machine as this very user, so it needs no rights; `HOME` and `PATH` there are the test's.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

# Debian keeps the server where only root's PATH leads.
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
SSHD, KEYGEN = shutil.which("sshd", path=_PATH), shutil.which("ssh-keygen")
NEEDS_SSHD = pytest.mark.skipif(
    SSHD is None or KEYGEN is None, reason="sshd and ssh-keygen are not here: apt-get install openssh-server"
)
ALIAS = "board"
ON = f"ssh://{ALIAS}"
_START_SECONDS = 10.0
_GONE_SECONDS = 8.0


@dataclass
class Board:
    """A folder with keys and settings; `start` makes a server of it. `home`: the device's home folder."""

    folder: Path
    port: int = 0
    options: list[str] = field(default_factory=list)
    client_options: list[str] = field(default_factory=list)
    server: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def bin(self) -> Path:
        """The only folder in the device's PATH."""
        return self.folder / "bin"

    def program(self, name: str, text: str) -> None:
        """Put a shell script into the device's PATH."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def forget_host(self) -> None:
        (self.folder / "known_hosts").write_text("")

    def know_host(self, key: str = "host_key") -> None:
        kind, blob = (self.folder / f"{key}.pub").read_text().split()[:2]
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind} {blob}\n")

    def start(self) -> None:
        """Start the server and wait until it listens."""
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder}/host_key",
            "PidFile none",
            f"AuthorizedKeysFile {self.folder}/user_key.pub",
            "StrictModes no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            "PermitRootLogin prohibit-password",
            "MaxStartups 100",
            f"SetEnv HOME={self.home} PATH={self.bin}",
            *self.options,
        ]
        (self.folder / "sshd_config").write_text("\n".join(lines) + "\n")
        client = [
            f"Host {ALIAS}",
            "  HostName 127.0.0.1",
            f"  Port {self.port}",
            f"  User {getpass.getuser()}",
            f"  IdentityFile {self.folder}/user_key",
            "  IdentitiesOnly yes",
            "  IdentityAgent none",
            f"  UserKnownHostsFile {self.folder}/known_hosts",
            "  GlobalKnownHostsFile none",
            *(f"  {line}" for line in self.client_options),
        ]
        (self.folder / "ssh_config").write_text("\n".join(client) + "\n")
        command = [str(SSHD), "-D", "-f", str(self.folder / "sshd_config"), "-E", str(self.folder / "sshd.log")]
        self.server = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
        end_s = time.monotonic() + _START_SECONDS
        while time.monotonic() < end_s and self.server.poll() is None:
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError((self.folder / "sshd.log").read_text())

    def sessions(self) -> list[psutil.Process]:
        """The server's processes for those who are logged in, and whatever runs below them."""
        if self.server is None:
            return []
        try:
            return psutil.Process(self.server.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def cut(self) -> list[psutil.Process]:
        """Kill what holds the connections, as a cable that is pulled would; what ran below them."""
        below = self.sessions()
        for process in below:
            if process.name().startswith("sshd"):
                process.kill()
        return below

    def stop(self) -> None:
        if self.server is not None:
            for process in self.sessions():
                process.kill()
            self.server.send_signal(signal.SIGKILL)
            self.server.wait()
            self.server = None


def gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Which of them still run after a while: none should."""
    _, alive = psutil.wait_procs(processes, timeout=_GONE_SECONDS)
    return alive


def running_with(text: str) -> list[psutil.Process]:
    """Every process that has `text` in its command line, but for this one and its parents."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter(["cmdline"]):  # a process that ends meanwhile has an empty one
        if process.pid not in ours and text in " ".join(process.info["cmdline"] or []):
            found.append(process)
    return found


@contextmanager
def made(folder: Path) -> Iterator[Board]:
    """A board with keys and this Python, not started yet."""
    board = Board(folder, _free_port())
    (folder / "home").mkdir(parents=True)
    board.bin.mkdir()
    for key in ("host_key", "user_key", "other_key"):
        subprocess.run([str(KEYGEN), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
    for tool in ("sh", "cat", "readlink", "sleep"):
        (board.bin / tool).symlink_to(str(shutil.which(tool)))
    board.program("python3", f'exec {sys.executable} "$@"')
    board.know_host()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(parents=True, exist_ok=True)  # where the server, started as root, locks itself in
    try:
        yield board
    finally:
        board.stop()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
