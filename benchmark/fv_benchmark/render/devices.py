"""Several machines in one report: a table with a row a model and a column a machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fv_benchmark.render import words
from fv_benchmark.render.labels import machine_names
from fv_benchmark.render.tables import Column, Table
from fv_benchmark.report import Report, Result

Row = tuple[str, str, str, int]


def devices_table(report: Report, marks: Mapping[str, int], marks_of: Callable[[Result], str]) -> Table:
    """Median latency on each machine, then top-1 where it was measured there.

    `marks`: the notes and their numbers; `marks_of`: those of a result, as they stand behind its latency.
    """
    names = machine_names(report)
    cells = {(_row(result), result.machine): result for result in report.results}
    rows = list(dict.fromkeys(_row(result) for result in report.results))
    threads_differ = len({row[3] for row in rows}) > 1
    answered = sorted({result.machine for result in report.results if result.accuracy is not None})
    columns = [Column("model", is_figure=False), *([Column("threads")] if threads_differ else []), Column("MB")]
    columns += [Column(f"{name}, p50 ms") for name in names]
    columns += [Column(f"{names[machine]}, top-1") for machine in answered]
    made = []
    for row in rows:
        found = [cells.get((row, machine)) for machine in range(len(names))]
        size = next(result.size_bytes for result in found if result is not None)
        made.append(
            (
                row[0],
                *([str(row[3])] if threads_differ else []),
                words.megabytes(size),
                *(words.ABSENT if one is None else _latency(one, marks_of) for one in found),
                *(words.top1(None if (one := found[machine]) is None else one.accuracy) for machine in answered),
            )
        )
    notes = tuple((words.superscript(number), text) for text, number in marks.items())
    return Table(tuple(columns), tuple(made), notes)


def _row(result: Result) -> Row:
    return result.model, result.format, result.scheme, result.threads


def _latency(result: Result, marks_of: Callable[[Result], str]) -> str:
    return f"{words.ms(result.latency_ms.p50)} {marks_of(result)}".rstrip()
