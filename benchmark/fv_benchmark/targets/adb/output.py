"""What `benchmark_model` prints, in all the forms it has had, as numbers.

The lines that matter, microseconds everywhere (tensorflow/lite/tools/benchmark/benchmark_model.cc through the years):

    count=50 first=1249964 curr=1240143 min=1238588 max=1252566 avg=1.24027e+06 std=2565 [p5=… median=… p95=…]
    count=5 curr=42(all same)                              when all calls took the same; no minimum then
    Average inference timings in us: Warmup: 91471, Init: 4108, Inference: 80660.1             until 2019; once
    Average inference timings in us: Warmup: 76605.9, Init: 9933, no stats: 66767.6            "no stats"
    Inference timings in us: Init: 5579, First inference: 1357602, Warmup (avg): …, Inference (avg): …    since 2020

The first `count=` line is the warm-up's, the last one before the summary the measurement's. Prefixes (`INFO: `, or a
time and a process of logcat) stand before any of them. p5, median and p95 came in 2023; before, the average is all
there is. What the tool calls memory is the growth since its start, not the process: it is not taken for the peak,
except "Overall peak memory footprint … via periodic monitoring", which is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fv_benchmark.targets.adb.errors import BenchmarkModelFailed
from fv_core.text import printable

_NUMBER = r"([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)"
_STATISTICS = re.compile(r"\bcount=[0-9]+ (?:first|curr)=[^\n]*")
_FIELD = re.compile(rf"\b(count|first|curr|min|max|avg|std|p5|median|p95)={_NUMBER}")
_SUMMARY = re.compile(
    rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}, Warmup \(avg\): {_NUMBER},"
    rf" Inference \(avg\): {_NUMBER}"
)
_OLD_SUMMARY = re.compile(
    rf"Average inference timings in us: Warmup: {_NUMBER}, Init: {_NUMBER}, (?:Inference|no stats): {_NUMBER}"
)
_PEAK = re.compile(rf"Overall peak memory footprint \(MB\) via periodic monitoring: {_NUMBER}")
_DELEGATED = re.compile(r"Replacing ([0-9]+) out of ([0-9]+) node\(s\) with delegate \((\w+)\)")
_ERROR = re.compile(r"^.*(?:ERROR|FATAL)\b:? ?(.*)$", re.MULTILINE)
_NS = 1000
_MB = 1 << 20
# A thousand seconds for one call: far beyond anything that is run, and well inside whole numbers.
_MOST_US = 1e9


@dataclass(frozen=True)
class Statistics:
    """One `count=` line in microseconds; None: this version, or this line, does not say it."""

    count: int
    first: float
    last: float
    least: float
    most: float
    mean: float
    median: float | None
    p95: float | None


@dataclass(frozen=True)
class Output:
    """A whole run of the tool. `warm_up` is None where it made no warm-up. Times in microseconds."""

    init: float
    first_inference: float
    warm_up: Statistics | None
    measured: Statistics
    peak_memory_bytes: int | None
    delegate: str | None


def parse(text: str) -> Output:
    """Read what the tool printed; raises `BenchmarkModelFailed` with the tool's own word where there is no result."""
    new, old = _SUMMARY.search(text), _OLD_SUMMARY.search(text)
    summary = new or old
    lines = [_statistics(found[0]) for found in _STATISTICS.finditer(text, 0, summary.start() if summary else 0)]
    if summary is None or not lines:
        raise BenchmarkModelFailed("benchmark_model gave no result on the phone", why=reason(text))
    measured, warm_up = lines[-1], lines[0] if len(lines) > 1 else None
    init, first = (float(summary[1]), float(summary[2])) if new else (float(summary[2]), lines[0].first)
    numbers = (init, first, measured.least, measured.most, measured.mean)
    if measured.count < 1 or not all(0 <= number <= _MOST_US for number in numbers):
        raise BenchmarkModelFailed(
            "benchmark_model gave numbers that nothing can have measured", why=reason(summary[0])
        )
    peak, delegated = _PEAK.search(text), _DELEGATED.search(text)
    return Output(
        init=init,
        first_inference=first,
        warm_up=warm_up,
        measured=measured,
        peak_memory_bytes=round(float(peak[1]) * _MB) if peak and float(peak[1]) < _MOST_US else None,
        delegate=f"{delegated[3]}, {delegated[1]} of {delegated[2]} nodes" if delegated else None,
    )


def reason(text: str) -> str:
    """The tool's own errors, the last two, else its last line."""
    errors = [found[1] for found in _ERROR.finditer(text) if found[1].strip()]
    lines = [line for line in text.splitlines() if line.strip()]
    said = "; ".join(errors[-2:]) if errors else (lines[-1] if lines else "it printed nothing")
    return printable(said, max_characters=300)


def _statistics(line: str) -> Statistics:
    found = {name: float(value) for name, value in _FIELD.findall(line)}
    last = found.get("curr", found.get("first", 0.0))
    return Statistics(
        count=round(found["count"]),
        first=found.get("first", last),
        last=last,
        least=found.get("min", last),
        most=found.get("max", last),
        mean=found.get("avg", last),
        median=found.get("median", last if "avg" not in found else None),
        p95=found.get("p95", last if "avg" not in found else None),
    )
