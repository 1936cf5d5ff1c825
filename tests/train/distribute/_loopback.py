"""Teams on this machine: free ports, and greetings that fit."""

from __future__ import annotations

import socket
from dataclasses import replace

from fv_train.distribute.cluster import Cluster
from fv_train.distribute.greeting import Greeting

VERSIONS = {"fv": "0.1.0", "keras": "3.15.1"}


def addresses(count: int = 2) -> tuple[str, ...]:
    """`count` addresses of this machine, whose ports, and the next to the first, are free."""
    while True:
        first, *others = (_free_port() for _ in range(count))
        try:
            with socket.create_server(("127.0.0.1", first + 1)):
                return tuple(f"127.0.0.1:{port}" for port in (first, *others))
        except (OSError, OverflowError):
            continue


def cluster(index: int, workers: tuple[str, ...], *, join_s: float = 20.0, silence_s: float = 20.0) -> Cluster:
    """One worker's view; far above what a loaded machine needs."""
    return Cluster(workers, index, join_s, silence_s)


def greeting(view: Cluster, **changes: object) -> Greeting:
    """What this worker has; all have it alike but for the changes."""
    same = Greeting(view.index, view.workers, 'name = "r"\n', "0123456789abcdef" * 4, VERSIONS)
    return replace(same, **changes)  # type: ignore[arg-type]  # fields of Greeting


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
