"""A report as tables of text with numbered notes: what the terminal, Markdown and HTML all show."""

from __future__ import annotations

from dataclasses import dataclass

from fv_benchmark.doubt import Doubt
from fv_benchmark.render import words
from fv_benchmark.report import Report, Result


@dataclass(frozen=True)
class Column:
    """A heading; figures stand to the right, names to the left."""

    title: str
    is_figure: bool = True


@dataclass(frozen=True)
class Table:
    """`rows`: text, one cell for each column. `notes`: (mark, text) that the marks in the first cells refer to."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[tuple[str, str], ...] = ()


def main_table(report: Report) -> Table:
    """How big, how fast, how much less accurate; doubts as marks behind the names, explained in the notes."""
    threads_differ = len({result.threads for result in report.results}) > 1
    measured = [result for result in report.results if result.accuracy is not None]
    paired = any(result.accuracy.agreement is not None for result in measured if result.accuracy)
    marks = _marks(report)
    rows = []
    for result in report.results:
        row = [_name(result, marks)]
        row += [str(result.threads)] if threads_differ else []
        row += [words.megabytes(result.size_bytes), *_latencies(result), words.ratio(result.ratio_to_first)]
        row += [words.top1(result.accuracy)] if measured else [words.NOT_MEASURED]
        row += [words.drop(result.accuracy), words.agreement(result.accuracy)] if paired else []
        rows.append(tuple(row))
    titles = ["threads"] if threads_differ else []
    titles += ["MB", "p50 ms", "p90", "p99", "× first [95 %]", "top-1 [95 %]" if measured else "top-1"]
    titles += ["drop pp [95 %]", "agreement"] if paired else []
    return Table(
        columns=(Column("model", is_figure=False), *(Column(title) for title in titles)),
        rows=tuple(rows),
        notes=tuple((words.superscript(number), text) for text, number in marks.items()),
    )


def start_table(report: Report) -> Table:
    """What a call costs before the first answer, and memory."""
    titles = ("init ms", "first ms", "peak memory MB", "calls")
    rows = tuple(
        (
            result.model,
            str(result.threads),
            words.ms(result.init_ms),
            words.ms(result.first_ms),
            words.megabytes(result.peak_memory_bytes),
            str(len(result.samples_ns)),
            result.runtime,
        )
        for result in report.results
    )
    columns = (Column("model", is_figure=False), Column("threads"), *(Column(title) for title in titles))
    return Table((*columns, Column("runtime", is_figure=False)), rows)


def about(report: Report) -> list[str]:
    """What was measured on, how, and on which pictures: one line each."""
    machine, protocol = report.machines[0], report.protocol
    memory = f", {machine.memory_bytes / 1e9:.1f} GB" if machine.memory_bytes else ""
    lines = [
        f"{machine.cpu}, {machine.cores} cores{memory}, {machine.os}, {machine.kernel}",
        f"{protocol.blocks} fresh processes of {protocol.block_seconds:g} s for each row, after a warm-up, in the order"
        f" {protocol.order}; × first: ratio of medians with its bootstrap interval",
    ]
    accuracy = next((result.accuracy for result in report.results if result.accuracy), None)
    if accuracy is not None:
        lines.append(
            f"accuracy on {accuracy.n} pictures of the split {accuracy.split} of image set"
            f" {accuracy.dataset_fingerprint[:12]}"
            + ("; drop and agreement against the full model, in pairs" if accuracy.agreement is not None else "")
        )
    return lines


def run_notes(report: Report) -> list[str]:
    """The doubts about the whole run."""
    return [_with_next(doubt) for doubt in report.doubts]


def _marks(report: Report) -> dict[str, int]:
    """Number of each different note, in the order of the rows."""
    marks: dict[str, int] = {}
    for result in report.results:
        for doubt in result.doubts:
            marks.setdefault(_with_next(doubt), len(marks) + 1)
    return marks


def _name(result: Result, marks: dict[str, int]) -> str:
    numbers = [words.superscript(marks[_with_next(doubt)]) for doubt in result.doubts]
    return f"{result.model} {' '.join(numbers)}".rstrip()


def _latencies(result: Result) -> tuple[str, str, str]:
    latency = result.latency_ms
    return words.ms(latency.p50), words.ms(latency.p90), words.ms(latency.p99)


def _with_next(doubt: Doubt) -> str:
    return f"{doubt.sentence}; try: {doubt.next_step}"
