"""Tables of text on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fv_cli import output

if TYPE_CHECKING:
    from rich.table import Table as Drawn

    from fv_benchmark.render.table import Table


def drawn(table: Table, colours: Mapping[str, str] | None = None) -> Drawn:
    """A rich table without vertical lines, figures to the right. `colours`: of cells that begin with a word."""
    from rich import box
    from rich.table import Table as Drawn

    made = Drawn(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in table.columns:
        title = output.safe(column.title)
        if column.is_figure:
            made.add_column(title, justify="right")
        else:
            made.add_column(title, overflow="fold")
    for row in table.rows:
        made.add_row(*(_coloured(cell, colours or {}) for cell in row))
    return made


def _coloured(cell: str, colours: Mapping[str, str]) -> str:
    colour = next((colours[word] for word in colours if cell.startswith(word)), None)
    text = output.safe(cell)
    return f"[{colour}]{text}[/{colour}]" if colour else text
