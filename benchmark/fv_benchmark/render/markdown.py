"""A report as Markdown: two tables and the notes, for a README or an issue."""

from __future__ import annotations

import re

from fv_benchmark.render.long_runs import long_run_table
from fv_benchmark.render.table import Table, about, main_table, run_notes, start_table
from fv_benchmark.report import Report
from fv_core.text import printable

# What Markdown (CommonMark 0.31, section 2.4) or HTML inside it would take for more than text.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def markdown(report: Report) -> str:
    """The whole report as Markdown."""
    main = main_table(report)
    long_runs = long_run_table(report)
    parts = [
        "# Benchmark",
        "\n".join(f"- {_escaped(line)}" for line in about(report)),
        _table(main),
        "\n".join(f"- {mark} {_escaped(text)}" for mark, text in main.notes),
        "\n".join(f"- whole run: {_escaped(line)}" for line in run_notes(report)),
        *([] if long_runs is None else ["## Without a pause", _table(long_runs)]),
        "## Start and memory",
        _table(start_table(report)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(table: Table) -> str:
    lines = [
        _row([_escaped(column.title) for column in table.columns]),
        _row(["---:" if column.is_figure else "---" for column in table.columns]),
        *(_row([_escaped(cell) for cell in row]) for row in table.rows),
    ]
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", printable(text))
