"""A report as tables of text with numbered notes: what the terminal, Markdown and HTML all show."""

from __future__ import annotations

from fv_benchmark.doubt import Doubt
from fv_benchmark.protocol import DEFAULT
from fv_benchmark.render import words
from fv_benchmark.render.devices import devices_table
from fv_benchmark.render.labels import machine_names, row_name
from fv_benchmark.render.tables import Column as Column
from fv_benchmark.render.tables import Table as Table
from fv_benchmark.report import Report, Result


def main_table(report: Report) -> Table:
    """How big, how fast, how much less accurate; doubts as marks behind the names, explained in the notes.

    With several machines a column each (`devices`).
    """
    if len(report.machines) > 1:
        marks = _marks(report)
        return devices_table(report, marks, lambda result: _numbers(result, marks))
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


def bar_names(report: Report) -> list[str]:
    """A name for each result with its marks, and with its machine where there are several."""
    marks = _marks(report)
    return [f"{row_name(report, result)} {_numbers(result, marks)}".rstrip() for result in report.results]


def start_table(report: Report) -> Table:
    """What a call costs before the first answer, and memory."""
    counted = any(result.energy_mj is not None for result in report.results)
    titles = ("init ms", "first ms", "peak memory MB", "calls", *(["mJ a call"] if counted else []))
    rows = tuple(
        (
            row_name(report, result),
            str(result.threads),
            words.ms(result.init_ms),
            words.ms(result.first_ms),
            words.megabytes(result.peak_memory_bytes),
            str(sum(one.calls for one in result.summaries) or len(result.samples_ns)),
            *([words.energy(result.energy_mj)] if counted else []),
            result.runtime,
        )
        for result in report.results
    )
    columns = (Column("model", is_figure=False), Column("threads"), *(Column(title) for title in titles))
    return Table((*columns, Column("runtime", is_figure=False)), rows)


def about(report: Report) -> list[str]:
    """What was measured on, how, and on which pictures: one line each."""
    protocol = report.protocol
    preset = "" if protocol.preset == DEFAULT else f"preset {protocol.preset}: "
    lines = [
        *_machines(report),
        f"{preset}{protocol.blocks} fresh processes of {protocol.block_seconds:g} s for each row, after a warm-up,"
        f" in the order {protocol.order}; × first: ratio of medians with its bootstrap interval",
    ]
    accuracy = next((result.accuracy for result in report.results if result.accuracy), None)
    if accuracy is not None:
        lines.append(
            f"accuracy on {accuracy.n} pictures of the split {accuracy.split} of image set"
            f" {accuracy.dataset_fingerprint[:12]}"
            + ("; drop and agreement against the full model, in pairs" if accuracy.agreement is not None else "")
        )
    return lines


def _machines(report: Report) -> list[str]:
    """One line a machine, with its name in the table where there are several."""
    lines = []
    for machine, name in zip(report.machines, machine_names(report), strict=True):
        memory = f", {machine.memory_bytes / 1e9:.1f} GB" if machine.memory_bytes else ""
        said = f"{machine.cpu}, {machine.cores} cores{memory}, {machine.os}, {machine.kernel}"
        facts = [f"{key.replace('_', ' ')} {words.fact(value)}" for key, value in machine.facts.items()]
        said = "; ".join([said, *facts, f"energy {machine.energy}"])
        lines.append(said if len(report.machines) == 1 else f"{name}: {said}")
    return lines


def run_notes(report: Report) -> list[str]:
    """The doubts about the whole run."""
    if len(report.machines) == 1:
        return [_with_next(doubt) for doubt in report.doubts]
    names = machine_names(report)
    return [f"{names[doubt.machine or 0]}: {_with_next(doubt)}" for doubt in report.doubts]


def _marks(report: Report) -> dict[str, int]:
    """Number of each different note, in the order of the rows."""
    marks: dict[str, int] = {}
    for result in report.results:
        for doubt in result.doubts:
            marks.setdefault(_with_next(doubt), len(marks) + 1)
    return marks


def _name(result: Result, marks: dict[str, int]) -> str:
    return f"{result.model} {_numbers(result, marks)}".rstrip()


def _numbers(result: Result, marks: dict[str, int]) -> str:
    return " ".join(words.superscript(marks[_with_next(doubt)]) for doubt in result.doubts)


def _latencies(result: Result) -> tuple[str, str, str]:
    latency = result.latency_ms
    return words.ms(latency.p50), words.ms(latency.p90), words.ms(latency.p99)


def _with_next(doubt: Doubt) -> str:
    return f"{doubt.sentence}; try: {doubt.next_step}"
