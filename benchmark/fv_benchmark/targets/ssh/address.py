"""`ssh://USER@HOST[:PORT]` taken apart. HOST may be an alias of the user's ~/.ssh/config.

The parts become arguments of `ssh`, never of a shell; and yet the user's configuration may hand them to one (`Match
exec`, `ProxyCommand` with %h), so only characters of names, numeric addresses and login names pass (ssh itself refuses
less: CVE-2023-51385), and nothing that begins with a dash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fv_benchmark.errors import BadTarget
from fv_core.text import printable

SYNTAX = "ssh://USER@HOST[:PORT]"
_ADDRESS = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?"
    r"(?:(?P<host>[A-Za-z0-9_][A-Za-z0-9._-]*)|\[(?P<v6>[0-9A-Fa-f:]+(?:%[A-Za-z0-9._-]+)?)\])"
    r"(?::(?P<port>\d{1,5}))?/?"
)


@dataclass(frozen=True)
class Address:
    """Where to log in; `user`, `port`: None leaves it to the user's ssh configuration."""

    host: str
    user: str | None = None
    port: int | None = None

    def arguments(self) -> list[str]:
        """As `ssh` wants them, the host last."""
        user = ["-l", self.user] if self.user else []
        port = ["-p", str(self.port)] if self.port else []
        return [*user, *port, "--", self.host]

    def typed(self) -> str:
        """As one types it: `ssh -p 2222 pi@raspberrypi` without the first word."""
        port = f"-p {self.port} " if self.port else ""
        return f"{port}{self.user}@{self.host}" if self.user else f"{port}{self.host}"


def parse_address(text: str) -> Address:
    """The address in what stands after `--on`; raises `BadTarget`."""
    match = _ADDRESS.fullmatch(text)
    port = int(match["port"]) if match and match["port"] else None
    if match is None or not (port is None or 0 < port < 1 << 16):
        raise BadTarget(
            f"no address: {printable(text, max_characters=200)}",
            why=f"it is written {SYNTAX}, with letters, digits, dots, dashes and underscores",
            hint="--on ssh://pi@raspberrypi.local",
        )
    return Address(match["host"] or match["v6"], match["user"], port)
