"""What a training asks of the other processes that take part in it."""

from __future__ import annotations

from typing import Protocol


class Team(Protocol):
    """The processes of one training. `index`: this one's number; number 0 is the chief, which alone writes.

    `addresses`: where the framework of each process listens, `host:port`; empty for one process.
    """

    index: int
    count: int
    addresses: tuple[str, ...]

    def share(self, data: bytes) -> bytes:
        """The chief's `data`, on all; every process calls it, what the others give is ignored."""

    def total(self, number: int) -> int:
        """The sum of what every process gives."""


class Alone:
    """A team of one process."""

    index = 0
    count = 1
    addresses: tuple[str, ...] = ()

    def share(self, data: bytes) -> bytes:
        """The data."""
        return data

    def total(self, number: int) -> int:
        """The number."""
        return number
