"""The connections of a team: a star around the chief, made by `meet`.

Each end gives a sign of life every `BEAT_S`. A process that ends closes its connections, which the others see at
once, whatever ended it; a machine that vanishes is found by its silence.

They have no password and are not encrypted, as those of the frameworks are not: for a private network only.
"""

from __future__ import annotations

import time

from fv_train.distribute.cluster import Cluster
from fv_train.distribute.frames import Connection, Kind

BEAT_S = 2.0


class Line:
    """The connections of one worker: the chief's to all others, another's to the chief. A context manager."""

    def __init__(self, cluster: Cluster, connections: dict[int, Connection]) -> None:
        self.connections = connections
        self._silence_s = cluster.silence_s
        self._beat_at = time.monotonic()
        for connection in connections.values():
            # While some were awaited the others had nothing to say.
            connection.heard_at = self._beat_at
            # Sending to a machine that vanished blocks when the buffers are full.
            connection.socket.settimeout(cluster.silence_s)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.connections.values():
            connection.close()

    def send(self, kind: Kind, data: bytes = b"") -> None:
        """To every connection; raises `WorkerLost`."""
        for connection in self.connections.values():
            connection.send(kind, data)

    def beat(self) -> None:
        """Give a sign of life when it is time; raises `WorkerLost` for a worker that was silent for too long."""
        now = time.monotonic()
        if now - self._beat_at < BEAT_S:
            return
        self._beat_at = now
        self.send(Kind.ALIVE)
        for connection in self.connections.values():
            if now - connection.heard_at > self._silence_s:
                raise connection.gone(f"nothing was heard of it for {self._silence_s:.0f} s")

    def receive(self, index: int) -> list[tuple[Kind, bytes]]:
        """Messages of a connection that has something to read; raises `WorkerLost`."""
        return self.connections[index].receive(time.monotonic())
