"""What commands print, and where: results to stdout; progress, messages and the next step to stderr.

rich is imported inside the functions: a command that prints JSON or nothing does not pay for it. `NO_COLOR` and pipes
are honoured by rich itself; `safe` is for every string that comes from a file or a folder of somebody else.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from fv_cli.errors import one_line
from fv_core.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

# Wide enough that no table of ours is cut in a log; rich would take 80 where there is no terminal.
_PIPE_COLUMNS = 200
# Without a terminal a long task says where it is this often: a few hundred lines for the longest training.
_LINE_EVERY_S = 15.0
_next_steps_are_silent = ContextVar("_next_steps_are_silent", default=False)


def stdout() -> Console:
    """The console for results."""
    return _console(to_stderr=False)


def stderr() -> Console:
    """The console for messages. While a `progress()` is shown, say lines through it instead."""
    return _console(to_stderr=True)


def safe(text: str) -> str:
    r"""`text` for a rich console: markup and emoji codes are plain text, control characters are escapes (`\x1b`)."""
    from rich.markup import escape

    return escape(one_line(text))


def print_json(data: Any) -> None:
    """Write `data` to stdout as JSON in ASCII, ended by a newline. Raises `ValueError` for NaN and infinity."""
    sys.stdout.write(json.dumps(data, indent=1, allow_nan=False) + "\n")


def next_step(command: str) -> None:
    """The last line of a command: what to type next."""
    if _next_steps_are_silent.get():
        return
    sys.stderr.write(f"next: {one_line(command)}\n")


@contextmanager
def without_next_steps() -> Iterator[None]:
    """For a command that runs others: their last lines would send the reader away in the middle."""
    token = _next_steps_are_silent.set(True)
    try:
        yield
    finally:
        _next_steps_are_silent.reset(token)


@contextmanager
def progress() -> Iterator[Progress]:
    """A `fv_core` progress, drawn as bars on a terminal and as an occasional line elsewhere; both on stderr."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    bars = _bars(stderr())
    with bars:
        yield _Drawn(bars)


def _console(*, to_stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if to_stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_COLUMNS
    return Console(stderr=to_stderr, highlight=False, emoji=False, width=width)


def _bars(console: Console) -> Bars:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    return Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[note]}"),
        console=console,
        # Results go to stdout, which may be a file: rich must not take them to its own console.
        redirect_stdout=False,
    )


class _Drawn:
    """A `Progress` with a rich bar for each task; a task that begins takes the place of those that have ended."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """See `fv_core.progress.Progress`."""
        if task not in self._tasks:
            for ended in [one for one in self._bars.tasks if one.finished]:
                self._bars.update(ended.id, visible=False)
            self._tasks[task] = self._bars.add_task(safe(task), total=total, note="")
        self._bars.update(self._tasks[task], completed=done, total=total, note=safe(note))

    def say(self, message: str) -> None:
        """See `fv_core.progress.Progress`."""
        self._bars.console.print(safe(message), soft_wrap=True)


class _Lines:
    """A `Progress` for logs: a line now and then, and the end of every task that had one."""

    def __init__(self) -> None:
        self._last_line_s = float("-inf")
        self._begun: set[str] = set()

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """See `fv_core.progress.Progress`."""
        now_s = time.monotonic()
        ended = done == total and task in self._begun
        if not ended and now_s - self._last_line_s < _LINE_EVERY_S:
            return
        self._last_line_s = now_s
        if done == total:
            self._begun.discard(task)
        else:
            self._begun.add(task)
        of = "" if total is None else f"/{total}"
        self.say(f"{task}: {done}{of} {note}".rstrip())

    def say(self, message: str) -> None:
        """See `fv_core.progress.Progress`."""
        sys.stderr.write(f"{one_line(message)}\n")
        sys.stderr.flush()
