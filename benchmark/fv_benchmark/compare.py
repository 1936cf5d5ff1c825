"""Two reports, model by model: better, worse, or cannot tell. B is judged against A.

A model of A is found again in B by name, format, scheme and threads. Its latency is judged by the interval of the ratio
of medians, the blocks of both resampled apart (they were measured at different times). Both reports' blocks share the
state of their session (clock, temperature, memory layout of the system), which that interval cannot see: MLPerf Mobile
asks a result to repeat within 5 %, so a ratio that may be closer to 1 than that is "cannot tell".

Machines are paired by name (`differences.machine_pairs`), and what differs between them is said: a ratio of two devices
is a comparison of devices.

Accuracy is judged in pairs when both reports are about the same pictures; else it cannot be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fv_benchmark.accuracy import Accuracy
from fv_benchmark.differences import differences, machine_pairs
from fv_benchmark.protocol import REPEATS_WITHIN
from fv_benchmark.render.labels import machine_names
from fv_benchmark.render.words import signed
from fv_benchmark.report import Report, Result
from fv_benchmark.stats import MIN_BLOCKS, PairedDrop, Ratio, paired_drop, ratio_interval

Key = tuple[int, str, str, str, int]


class Verdict(Enum):
    """The three answers."""

    BETTER = "better"
    WORSE = "worse"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Judgement:
    """A verdict, and the figures in words that it rests on."""

    verdict: Verdict
    why: str


@dataclass(frozen=True)
class Pair:
    """One model in both reports. `accuracy` is None when neither report measured it; `size_bytes` of A and B.

    `machines`: names of A's and B's, None where each report has one. `notes`: what a reader has to know (the file is
    the same, the machine is another).
    """

    model: str
    threads: int
    latency: Judgement
    accuracy: Judgement | None
    size_bytes: tuple[int, int]
    notes: tuple[str, ...]
    machines: tuple[str, str] | None = None


@dataclass(frozen=True)
class Comparison:
    """All models of both reports; `only_a`, `only_b`: names of those that the other report lacks."""

    pairs: tuple[Pair, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    notes: tuple[str, ...]


def compare(a: Report, b: Report) -> Comparison:
    """Judge every model of B against the same model of A, machine by machine."""
    in_a, in_b = _by_key(a), _by_key(b)
    matched = [
        ((i, *key[1:]), (j, *key[1:]))
        for i, j in machine_pairs(a, b)
        for key in in_a
        if key[0] == i and (j, *key[1:]) in in_b
    ]
    seen_a, seen_b = {one for one, _ in matched}, {other for _, other in matched}
    return Comparison(
        pairs=tuple(_pair(a, in_a[one], b, in_b[other]) for one, other in matched),
        only_a=tuple(_label(a, key) for key in in_a if key not in seen_a),
        only_b=tuple(_label(b, key) for key in in_b if key not in seen_b),
        notes=_report_notes(a, b),
    )


def judge_latency(ratio: Ratio) -> Judgement:
    """B's median over A's: below 1 − 5 % with its whole interval is better, above 1 + 5 % worse."""
    if ratio.ci95 is None:
        return Judgement(Verdict.CANNOT_TELL, f"{ratio.value:.2f} × from fewer than {MIN_BLOCKS} processes")
    low, high = ratio.ci95
    figures = f"{ratio.value:.2f} × [{low:.2f}, {high:.2f}]"
    if high < 1 - REPEATS_WITHIN:
        return Judgement(Verdict.BETTER, figures)
    if low > 1 + REPEATS_WITHIN:
        return Judgement(Verdict.WORSE, figures)
    return Judgement(Verdict.CANNOT_TELL, f"{figures} reaches within {REPEATS_WITHIN:.0%} of 1")


def judge_accuracy(a: Accuracy | None, b: Accuracy | None) -> Judgement | None:
    """The paired drop from A to B: its whole interval below 0 is better, above 0 worse. None: neither was measured."""
    if a is None and b is None:
        return None
    if a is None or b is None:
        return Judgement(Verdict.CANNOT_TELL, f"not measured in {'A' if a is None else 'B'}")
    if (a.dataset_fingerprint, a.split, a.n) != (b.dataset_fingerprint, b.split, b.n):
        return Judgement(Verdict.CANNOT_TELL, "measured on other pictures")
    drop = paired_drop(a.correct(), b.correct())
    low, high = drop.ci95_pp
    verdict = Verdict.BETTER if high < 0 else Verdict.WORSE if low > 0 else Verdict.CANNOT_TELL
    return Judgement(verdict, _gain(drop))


def _pair(a: Report, in_a: Result, b: Report, in_b: Result) -> Pair:
    return Pair(
        model=in_a.model,
        threads=in_a.threads,
        latency=judge_latency(ratio_interval(in_b.blocks(), in_a.blocks(), paired=False)),
        accuracy=judge_accuracy(in_a.accuracy, in_b.accuracy),
        size_bytes=(in_a.size_bytes, in_b.size_bytes),
        notes=_pair_notes(a, in_a, b, in_b),
        machines=(
            None
            if len(a.machines) == len(b.machines) == 1
            else (machine_names(a)[in_a.machine], machine_names(b)[in_b.machine])
        ),
    )


def _pair_notes(a: Report, in_a: Result, b: Report, in_b: Result) -> tuple[str, ...]:
    notes = []
    if in_a.model_sha256 == in_b.model_sha256:
        notes.append("the same file")
    if in_a.runtime != in_b.runtime:
        notes.append(f"runtime {in_a.runtime} before, {in_b.runtime} now")
    cpus = a.machines[in_a.machine].cpu, b.machines[in_b.machine].cpu
    if cpus[0] != cpus[1]:
        notes.append(f"on {cpus[0]} before, on {cpus[1]} now: the latency compares machines as well")
    return tuple(notes)


def _report_notes(a: Report, b: Report) -> tuple[str, ...]:
    notes = []
    if a.protocol != b.protocol:
        presets = a.protocol.preset, b.protocol.preset
        which = "" if presets[0] == presets[1] else f": {presets[0]} before, {presets[1]} now"
        notes.append(f"the reports were measured with different protocols{which}")
    if [(one.cpu, one.cores, one.os) for one in a.machines] != [(one.cpu, one.cores, one.os) for one in b.machines]:
        notes.append("the reports come from different machines")
    names = machine_names(a)
    for i, j in machine_pairs(a, b):
        which = names[i] if len(names) > 1 else "the machine"
        notes += [f"{which}: {clause}" for clause in differences(a.machines[i], b.machines[j])]
    for name, report in (("A", a), ("B", b)):
        notes += [f"{name}: {doubt.sentence}" for doubt in report.doubts]
    return tuple(notes)


def _gain(drop: PairedDrop) -> str:
    """B's gain over A: the negative of the drop, so that more is better."""
    low, high = drop.ci95_pp
    return f"{signed(-drop.drop_pp)} pp [{signed(-high)}, {signed(-low)}]"


def _by_key(report: Report) -> dict[Key, Result]:
    return {(one.machine, one.model, one.format, one.scheme, one.threads): one for one in report.results}


def _label(report: Report, key: Key) -> str:
    where = f", {machine_names(report)[key[0]]}" if len(report.machines) > 1 else ""
    return f"{key[1]} ({key[4]} thread{'s' if key[4] > 1 else ''}{where})"
