"""One worker's part in a training on several machines.

The supervisor meets the other workers, starts the training in a child process (`child`), answers what it asks of the
team, and watches: another worker's end, or silence, ends the child, whatever it waits for, with an error that says so.
The chief's last checkpoint is whole, so the same command with --resume goes on from it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fv_core.errors import FvError
from fv_core.progress import Progress
from fv_train import checkpoint
from fv_train import run as runs
from fv_train.begin import TrainOptions, refuse_existing
from fv_train.distribute import child
from fv_train.distribute.cluster import Cluster
from fv_train.distribute.frames import Kind
from fv_train.distribute.greeting import own_greeting
from fv_train.distribute.line import BEAT_S, Line
from fv_train.distribute.meet import join
from fv_train.distribute.stopped import from_bytes, to_bytes
from fv_train.errors import CannotDistribute, TrainingDied, WorkerLost, WorkersMissing
from fv_train.run import Run

_NUMBER = struct.Struct(">q")
# When a worker dies, the framework of another may fail before the line shows why: wait for the better reason.
_REASON_S = 5.0
# The frameworks of all machines have met when the first question comes.
_CONNECT_S = 300.0
_ENVIRONMENT = threading.Lock()


def train_together(options: TrainOptions, cluster: Cluster, progress: Progress) -> Run | None:
    """Train as one worker of a cluster; the chief returns the finished run, the others None.

    Raises what `train` raises, `BadWorkers`, `WorkersMissing`, `TeamMismatch`, `WorkerLost`, `TrainingDied`, and
    `CannotDistribute` when the recipe does not say how.
    """
    if options.recipe.distribute == "none":
        raise CannotDistribute(
            "the recipe trains on one device", why="--workers names several", hint="--set distribute=data_parallel"
        )
    if options.recipe.model.head == "published":
        raise CannotDistribute("this recipe trains nothing", why="model.head is published", hint="leave --workers out")
    if cluster.index == 0 and not options.resume:
        refuse_existing(options.out)
    greeting = own_greeting(options, cluster)
    with join(cluster, greeting, progress) as line, TemporaryDirectory(prefix="fv-train-") as folder:
        log = Path(folder) / "training.log"
        log.touch()
        with _Supervisor(options, cluster, line, progress, log) as supervisor:
            supervisor.work()
    return None if cluster.index else Run.open(options.out)


@contextmanager
def _quiet_tracker() -> Iterator[None]:
    """A process that is killed leaves semaphores, which Python's tracker, started here, removes and warns about."""
    # The environment is the whole process's: of two threads that start a worker each, the second would otherwise put
    # back what the first had changed.
    with _ENVIRONMENT:
        before = os.environ.get("PYTHONWARNINGS")
        os.environ["PYTHONWARNINGS"] = ",".join(text for text in (before, "ignore:resource_tracker") if text)
        try:
            yield
        finally:
            if before is None:
                del os.environ["PYTHONWARNINGS"]
            else:
                os.environ["PYTHONWARNINGS"] = before


class _Supervisor:
    """The child process, the line, and what waits to be answered."""

    def __init__(self, options: TrainOptions, cluster: Cluster, line: Line, progress: Progress, log: Path) -> None:
        self._options, self._cluster, self._line, self._progress, self._log = options, cluster, line, progress, log
        self._chief = cluster.index == 0
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, options, cluster.index, cluster.workers, str(log))
        self._process = context.Process(target=child.work, args=arguments, daemon=True)
        with _quiet_tracker():
            self._process.start()
        theirs.close()
        self._asked = ""
        self._own = 0
        self._shared: deque[bytes] = deque()
        # Of each worker to the chief, and sums from the chief to each worker.
        self._numbers: dict[int, deque[int]] = {index: deque() for index in line.connections}
        self._done = False
        self._ended: set[int] = set()
        self._meet_by: float | None = time.monotonic() + _CONNECT_S

    def __enter__(self) -> _Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def work(self) -> None:
        """Until the training is done; the chief's is what counts."""
        try:
            while not (self._done and (self._chief or 0 in self._ended)):
                self._once()
            if self._chief:
                self._tell(Kind.DONE)
        except (WorkerLost, TrainingDied) as error:
            self._tell(Kind.STOPPED, to_bytes(error))
            raise self._with_checkpoint(error) from error
        except FvError as error:
            self._tell(Kind.STOPPED, to_bytes(error))
            raise
        except KeyboardInterrupt:
            self._tell(Kind.STOPPED, to_bytes(WorkerLost(f"worker {self._cluster.index} was interrupted")))
            raise

    def _once(self) -> None:
        """Wait for something to happen, at most until the next sign of life, and act on it."""
        sources: list[Any] = list(self._line.connections.values())
        sources += [] if self._done else [self._pipe, self._process.sentinel]
        ready = wait(sources, BEAT_S)
        self._hear(ready)
        self._line.beat()
        if self._pipe in ready:
            self._hear_child()
        elif self._process.sentinel in ready and not self._done:
            raise self._ended_itself()
        self._answer()
        if self._meet_by is not None and time.monotonic() > self._meet_by:
            raise WorkersMissing(
                f"the frameworks of the workers did not meet within {_CONNECT_S:.0f} s",
                why=f"each must reach every other at {', '.join(self._cluster.workers)}",
                hint="let firewalls pass these ports",
            )

    def _hear(self, ready: Sequence[Any]) -> None:
        """What other workers say; raises `WorkerLost` and what they stopped with."""
        for index, connection in list(self._line.connections.items()):
            if connection not in ready:
                continue
            try:
                messages = self._line.receive(index)
            except WorkerLost:
                if index not in self._ended:
                    raise
                self._line.connections.pop(index).close()
                continue
            for kind, data in messages:
                self._take(index, kind, data)

    def _take(self, index: int, kind: Kind, data: bytes) -> None:
        connection = self._line.connections[index]
        if kind is Kind.STOPPED:
            raise from_bytes(data, connection.name)
        if kind is Kind.DONE:
            self._ended.add(index)
        elif kind is Kind.SHARED:
            self._shared.append(data)
        elif kind in (Kind.NUMBER, Kind.SUM) and len(data) == _NUMBER.size:
            self._numbers[index].append(_NUMBER.unpack(data)[0])
        elif kind is not Kind.ALIVE:
            raise connection.gone("it sent something else than a worker does")

    def _hear_child(self) -> None:
        """A message of the training; raises what it stopped with."""
        try:
            word, value = self._pipe.recv()
        except EOFError:
            raise self._ended_itself() from None
        if word == "advance":
            self._progress.advance(*value)
        elif word == "say":
            self._progress.say(value)
        elif word == "error":
            raise value
        elif word == "fault":
            raise self._failed(value)
        elif word == "done":
            self._done = True
            if not self._chief:
                self._line.send(Kind.DONE)
        else:
            self._ask(word, value)

    def _ask(self, word: str, value: Any) -> None:
        """A question of the training to the team."""
        self._asked = word
        if word == "share" and self._chief:
            self._line.send(Kind.SHARED, value)
            self._shared.append(value)
        if word == "total":
            self._own, self._meet_by = value, None
            if not self._chief:
                self._line.send(Kind.NUMBER, _NUMBER.pack(value))

    def _answer(self) -> None:
        """Answer the training's question once everything for it has come."""
        if self._asked == "share" and self._shared:
            self._asked = ""
            self._pipe.send(self._shared.popleft())
        if self._asked == "total" and all(self._numbers.values()):
            self._asked = ""
            total = sum(waiting.popleft() for waiting in self._numbers.values())
            if self._chief:
                total += self._own
                self._line.send(Kind.SUM, _NUMBER.pack(total))
            self._pipe.send(total)

    def _ended_itself(self) -> FvError:
        """Why the training process is no more. Its framework aborts it when another worker's is gone."""
        self._process.join()
        code = self._process.exitcode or 0
        if code == -signal.SIGABRT:
            return self._failed("its framework aborted it")
        how = f"signal {-code} ended its process" if code < 0 else f"its process ended with code {code}"
        return self._died(how, "", "free -h, and the system's log, say whether memory was short")

    def _failed(self, how: str) -> FvError:
        """What the framework failed with; raises the better reason when it is another worker."""
        until = time.monotonic() + _REASON_S
        while (left := until - time.monotonic()) > 0:
            sources: list[Any] = list(self._line.connections.values())
            self._hear(wait(sources, left))
        # Indented lines and those with stars belong to a native stack trace.
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line[:1] not in ("", " ", "*")]
        return self._died(how, lines[-1] if lines else "", "")

    def _died(self, how: str, why: str, hint: str) -> TrainingDied:
        return TrainingDied(f"the training of worker {self._cluster.index} stopped: {how}", why=why, hint=hint)

    def _with_checkpoint(self, error: WorkerLost | TrainingDied) -> FvError:
        """The error with how to go on; where to go on from is known to the chief."""
        last = self._options.out / runs.CHECKPOINTS / checkpoint.LAST
        kept = f"the last checkpoint is {last}" if self._chief and last.is_file() else ""
        why = "; ".join(text for text in (error.why, kept) if text)
        return type(error)(error.problem, why=why, hint=error.hint)

    def _tell(self, kind: Kind, data: bytes = b"") -> None:
        """To those who are still there."""
        for connection in self._line.connections.values():
            with suppress(WorkerLost):
                connection.send(kind, data)
