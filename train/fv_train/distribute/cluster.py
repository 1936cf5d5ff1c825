"""The machines of one training, as `--worker N --workers HOST:PORT,HOST:PORT` name them.

The list is the same on every machine and its order numbers the workers. Worker 0 is the chief: the others meet it at
the port after its own, and it alone writes the run. At a worker's own port its framework listens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fv_train.errors import BadWorkers

# A hand-started machine may be minutes behind the first; a wrong address should not cost an evening.
JOIN_S = 300.0
# A machine that loses its network or power closes no connection. Signs of life come every two seconds (`line`), and a
# connection that is busy with a checkpoint, or a paused virtual machine, may miss some.
SILENCE_S = 30.0
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})")
# The chief needs the next port too.
_LARGEST_PORT = 65534


@dataclass(frozen=True)
class Cluster:
    """`workers`: addresses, `host:port`. `index`: this machine's number. `join_s`: how long to wait for all of them.

    `silence_s`: a worker that was not heard of for so long is taken for lost.
    """

    workers: tuple[str, ...]
    index: int
    join_s: float = JOIN_S
    silence_s: float = SILENCE_S

    def meeting(self) -> tuple[str, int]:
        """Host and port where the chief meets the others."""
        host, port = _parts(self.workers[0])
        return host, port + 1


def read_cluster(index: int | None, workers: str | None) -> Cluster:
    """The cluster of a command line; raises `BadWorkers`."""
    if index is None or workers is None:
        given, missing = ("--workers", "--worker") if index is None else ("--worker", "--workers")
        raise BadWorkers(f"{given} needs {missing}", why="one says who there is, the other who this machine is")
    addresses = tuple(word.strip() for word in workers.split(","))
    for address in addresses:
        _parts(address)
    if len(addresses) < 2 or len(set(addresses)) < len(addresses):
        raise BadWorkers(f"--workers {workers} does not name two different machines", why="each worker is listed once")
    if not 0 <= index < len(addresses):
        raise BadWorkers(
            f"there is no worker {index} among {len(addresses)}", why=f"--worker is from 0 to {len(addresses) - 1}"
        )
    return Cluster(addresses, index)


def _parts(address: str) -> tuple[str, int]:
    match = _ADDRESS.fullmatch(address)
    if match is None or not 1 <= int(match["port"]) <= _LARGEST_PORT:
        raise BadWorkers(f"{address!r} is no address", why=f"expected HOST:PORT, the port from 1 to {_LARGEST_PORT}")
    return match["host"].strip("[]"), int(match["port"])
