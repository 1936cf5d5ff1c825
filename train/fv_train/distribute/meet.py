"""How the workers of a training find each other.

Every worker connects to the chief and greets; when all have come and have the same, the chief welcomes them. Whoever
fails tells the others, so that all stop with the same reason.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

from fv_core.errors import FvError
from fv_core.progress import Progress
from fv_train.distribute.cluster import Cluster
from fv_train.distribute.frames import Connection, Kind
from fv_train.distribute.greeting import Greeting, check, read_greeting
from fv_train.distribute.line import Line
from fv_train.distribute.stopped import from_bytes, to_bytes
from fv_train.errors import BadWorkers, TeamMismatch, WorkerLost, WorkersMissing

# Between two attempts to reach a chief that is not there yet.
_RETRY_S = 0.5
# Who connects and does not greet for so long is none of ours.
_GREETING_S = 10.0
CHIEF = "worker 0"


def join(cluster: Cluster, greeting: Greeting, progress: Progress) -> Line:
    """Meet all workers; raises `WorkersMissing`, `TeamMismatch` or `BadWorkers`."""
    if cluster.index:
        return Line(cluster, {0: _meet_chief(cluster, greeting, progress)})
    return Line(cluster, _meet_workers(cluster, greeting, progress))


def _meet_workers(cluster: Cluster, greeting: Greeting, progress: Progress) -> dict[int, Connection]:
    """The chief's side: connections by the worker's number."""
    found: dict[int, Connection] = {}
    deadline = time.monotonic() + cluster.join_s
    with _listening(cluster) as server:
        host, port = cluster.meeting()
        progress.say(f"worker 0 of {len(cluster.workers)}: waiting for the others at {host}:{port}")
        try:
            while len(found) + 1 < len(cluster.workers):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise _missing(cluster, found)
                sources: list[Any] = [server, *found.values()]
                for ready in wait(sources, left):
                    if isinstance(ready, Connection):
                        _still_there(ready)
                    elif (index := _greeted(server, greeting, found)) is not None:
                        progress.say(f"worker {index} has come")
            for connection in found.values():
                connection.send(Kind.WELCOME)
        except BaseException as error:
            _leave(found.values(), error)
            raise
    return found


def _listening(cluster: Cluster) -> socket.socket:
    """A server at the chief's own address, and no other of its machine."""
    host, port = cluster.meeting()
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise BadWorkers(
            f"cannot listen at {host}:{port}",
            why=str(error.strerror or error),
            hint="the first address of --workers is this machine's, and its next port must be free as well",
        ) from error


def _greeted(server: socket.socket, own: Greeting, found: dict[int, Connection]) -> int | None:
    """Let a worker in and return its number; None for a stranger. Raises `TeamMismatch`."""
    accepted, _ = server.accept()
    accepted.settimeout(_GREETING_S)
    connection = Connection(accepted, "a connection", time.monotonic())
    try:
        kind, data = connection.receive_one(time.monotonic())
        if kind is not Kind.GREETING:
            raise ValueError(kind.name)
        other = read_greeting(data)
    except (WorkerLost, ValueError):
        _leave([connection])
        return None
    connection.name = f"worker {other.index}"
    try:
        check(own, other)
        if other.index in found or not 0 < other.index < len(own.workers):
            raise TeamMismatch(
                f"two processes say that they are worker {other.index}", why="each number is one machine"
            )
    except TeamMismatch as error:
        _leave([connection], error)
        raise
    found[other.index] = connection
    return other.index


def _meet_chief(cluster: Cluster, greeting: Greeting, progress: Progress) -> Connection:
    """Another worker's side."""
    deadline = time.monotonic() + cluster.join_s
    host, port = cluster.meeting()
    progress.say(f"worker {cluster.index} of {len(cluster.workers)}: looking for worker 0 at {host}:{port}")
    connection = Connection(_connected(host, port, deadline), CHIEF, time.monotonic())
    try:
        connection.send(Kind.GREETING, greeting.to_bytes())
        # The chief itself gives up when not all come.
        connection.socket.settimeout(cluster.join_s + cluster.silence_s)
        kind, data = connection.receive_one(time.monotonic())
        if kind is Kind.STOPPED:
            raise from_bytes(data, CHIEF)
        if kind is not Kind.WELCOME:
            raise connection.gone("it sent something else than a chief does")
    except BaseException:
        connection.close()
        raise
    return connection


def _connected(host: str, port: int, deadline: float) -> socket.socket:
    while True:
        try:
            return socket.create_connection((host, port), timeout=max(_RETRY_S, deadline - time.monotonic()))
        except socket.gaierror as error:
            raise BadWorkers(f"there is no machine {host}", why=str(error.strerror)) from error
        except OSError as error:
            if time.monotonic() + _RETRY_S > deadline:
                raise WorkersMissing(
                    f"worker 0 cannot be reached at {host}:{port}",
                    why=str(error.strerror or error),
                    hint="start it, check the first address of --workers, and let firewalls pass its port and the next",
                ) from error
        time.sleep(_RETRY_S)


def _still_there(connection: Connection) -> None:
    """A worker that waits for its welcome says nothing: it is gone, or none of ours. Raises `WorkerLost`."""
    connection.receive(time.monotonic())
    raise connection.gone("it sent something before it was welcome")


def _missing(cluster: Cluster, found: dict[int, Connection]) -> WorkersMissing:
    missing = [i for i in range(1, len(cluster.workers)) if i not in found]
    host, port = cluster.meeting()
    return WorkersMissing(
        f"worker {', '.join(map(str, missing))} did not come within {cluster.join_s:.0f} s",
        why=f"this one waited at {host}:{port}",
        hint="start the same command there with its own --worker, and let firewalls pass this port",
    )


def _leave(connections: Iterable[Connection], error: BaseException | None = None) -> None:
    """Close connections; those who are still there are told of an error of ours."""
    for connection in connections:
        if isinstance(error, FvError):
            with suppress(WorkerLost):
                connection.send(Kind.STOPPED, to_bytes(error))
        connection.close()
