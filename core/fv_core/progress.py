"""How long work tells what it is doing, without knowing whether anybody looks.

The packages below the command line call a `Progress`; `fv_cli` draws it. Nothing here prints.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what a long piece of work reports."""

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """`done` of `total` units of `task` are finished (`total` None: not known); `note` is shown beside the bar."""

    def say(self, message: str) -> None:
        """One line that stays on the screen."""


class Silent:
    """A `Progress` that shows nothing."""

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """Shows nothing."""

    def say(self, message: str) -> None:
        """Shows nothing."""
