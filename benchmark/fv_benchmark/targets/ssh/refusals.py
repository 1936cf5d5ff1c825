"""What ssh says when it cannot connect, into our errors.

OpenSSH prints English only and has printed these sentences for more than ten years (sshconnect.c, clientloop.c). It
ends with status 255 for all of them.
"""

from __future__ import annotations

import re

from fv_benchmark.targets.ssh.address import Address
from fv_benchmark.targets.ssh.errors import (
    ConnectionLost,
    DeviceUnreachable,
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
)
from fv_core.errors import FvError
from fv_core.text import printable

_MAX_REASON_CHARACTERS = 300
_CHANGED = re.compile(r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for \S+ has changed|REVOKED HOST KEY")
_UNKNOWN = re.compile(r"Host key verification failed|No \S+ host key is known for")
_REFUSED = re.compile(r"Permission denied|Too many authentication failures|No supported authentication methods")
_UNREACHABLE = re.compile(
    r"Could not resolve hostname|Connection refused|Connection timed out|No route to host|Network is unreachable"
    r"|kex_exchange_identification|Connection closed by|Connection reset by|Operation timed out"
)


def refusal(stderr: str, address: Address) -> FvError:
    """The error behind what ssh printed before a connection stood."""
    where, why = address.host, last_line(stderr)
    if _CHANGED.search(stderr):
        name = f"[{address.host}]:{address.port}" if address.port not in (None, 22) else address.host
        return HostKeyChanged(
            f"{where} shows another key than before",
            why="it was set up anew, or somebody stands between you and it; nothing was sent",
            hint=f"only if you know why: ssh-keygen -R '{name}', then ssh {address.typed()} and compare the key",
        )
    if _UNKNOWN.search(stderr):
        return HostKeyUnknown(
            f"{where} was never seen before",
            why="its key is not among your known hosts",
            hint=f"ssh {address.typed()} once, and compare the key that it shows",
        )
    if _REFUSED.search(stderr):
        return LoginRefused(
            f"{where} does not let you in",
            why=f"{why}; a password is not asked for",
            hint=f"ssh-copy-id {address.typed()}",
        )
    if _UNREACHABLE.search(stderr):
        return DeviceUnreachable(f"cannot reach {where}", why=why, hint=f"ssh {address.typed()}")
    return DeviceUnreachable(f"cannot log in to {where}", why=why or "no reason given", hint=f"ssh {address.typed()}")


def lost(stderr: str, address: Address) -> ConnectionLost:
    """The error for a connection that stood."""
    return ConnectionLost(f"the connection to {address.host} broke", why=last_line(stderr) or "it ended without a word")


def last_line(text: str) -> str:
    """The last line that says something, fit for a terminal."""
    lines = [line for line in text.splitlines() if line.strip().strip("@")]
    return printable(lines[-1].strip(), max_characters=_MAX_REASON_CHARACTERS) if lines else ""
