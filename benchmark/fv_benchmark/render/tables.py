"""A table of text: what the terminal, Markdown and HTML all draw."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A heading; figures stand to the right, names to the left."""

    title: str
    is_figure: bool = True


@dataclass(frozen=True)
class Table:
    """`rows`: text, one cell for each column. `notes`: (mark, text) that the marks in the cells refer to."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[tuple[str, str], ...] = ()
