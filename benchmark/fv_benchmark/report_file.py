"""Report files: written whole, read with every field checked (they may come from a device or from somebody else)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fv_benchmark import doubts, strict
from fv_benchmark.accuracy import Accuracy
from fv_benchmark.condition import Condition
from fv_benchmark.curve import CLEAN, LongRun
from fv_benchmark.device_doubts import COMPETED, THROTTLED
from fv_benchmark.errors import BadReport
from fv_benchmark.machine import Machine
from fv_benchmark.protocol import Protocol
from fv_benchmark.report import SCHEMA_VERSION, LatencyMs, Report, Result
from fv_benchmark.slices import Slice
from fv_benchmark.stats import Ratio
from fv_benchmark.targets import Summary
from fv_core.errors import MissingPath
from fv_core.files import write_text

# Ten models, three numbers of threads, five blocks of 10,000 calls of nine characters are 13 MB.
MAX_BYTES = 64 << 20
MAX_RESULTS = 10_000


def write_report(path: Path, report: Report) -> None:
    """Write the report as JSON, whole or not at all."""
    write_text(path, json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False) + "\n")


def read_report(path: Path) -> Report:
    """Read a report; raises `MissingPath`, or `BadReport` for anything that is not exactly our schema."""
    if not path.is_file():
        raise MissingPath(
            f"no report at {path}", why="there is no such file", hint=f"fv benchmark MODEL… --json {path}"
        )
    if path.stat().st_size > MAX_BYTES:
        raise BadReport(f"{path} is too large for a report", why=f"more than {MAX_BYTES} bytes")
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=strict.no_constant)
        if data["schema_version"] != SCHEMA_VERSION:
            raise BadReport(
                f"{path} has schema version {data['schema_version']!r}",
                why=f"this fv reads version {SCHEMA_VERSION}",
                hint="measure again, or update fv",
            )
        return _report(data)
    except strict.UNFIT as error:
        why = f"{type(error).__name__}: {error}"
        raise BadReport(f"{path} is no report of fv benchmark", why=why[:200], hint="fv benchmark … --json") from None


def _report(data: Mapping[str, Any]) -> Report:
    report = Report(
        protocol=strict.plain(Protocol, data["protocol"]),
        machines=tuple(_machine(entry) for entry in data["machines"]),
        doubts=tuple(doubts.from_json(entry) for entry in data["doubts"]),
        results=tuple(_result(entry) for entry in data["results"]),
    )
    if not report.results or len(report.results) > MAX_RESULTS:
        raise ValueError(f"{len(report.results)} results")
    if not all(0 <= result.machine < len(report.machines) for result in report.results):
        raise ValueError("a result names a machine that is not there")
    return report


def _machine(entry: Mapping[str, Any]) -> Machine:
    typed = dict(entry)
    if "facts" in entry:  # reports of the first release have none
        typed["facts"] = strict.facts(entry["facts"])
    return strict.plain(Machine, typed)


def _result(entry: Mapping[str, Any]) -> Result:
    typed = dict(entry)
    typed["latency_ms"] = strict.plain(LatencyMs, entry["latency_ms"])
    ratio = entry["ratio_to_first"]
    interval = None if ratio["ci95"] is None else strict.pair(ratio["ci95"])
    typed["ratio_to_first"] = Ratio(strict.finite(ratio["value"]), interval)
    typed["samples_ns"] = strict.counts(entry["samples_ns"])
    typed["block_lengths"] = strict.counts(entry["block_lengths"])
    typed["doubts"] = tuple(doubts.from_json(doubt) for doubt in entry["doubts"])
    typed["accuracy"] = _accuracy(entry["accuracy"]) if "accuracy" in entry else None
    typed["conditions"] = tuple(_condition(one) for one in entry.get("conditions", ()))
    typed["waited_shares"] = tuple(_number_or_none(one) for one in entry.get("waited_shares", ()))
    typed["summaries"] = tuple(strict.plain(Summary, one) for one in entry.get("summaries", ()))
    typed["long_run"] = _long_run(entry["long_run"]) if "long_run" in entry else None
    if sum(typed["block_lengths"]) != len(typed["samples_ns"]):
        raise ValueError("the blocks are not as long as the samples")
    return strict.plain(Result, typed)


def _long_run(entry: Mapping[str, Any]) -> LongRun:
    typed = dict(entry)
    typed["slices"] = tuple(_slice(one) for one in entry["slices"])
    typed["marks"] = tuple(str(mark) for mark in entry["marks"])
    if not set(typed["marks"]) <= {CLEAN, THROTTLED, COMPETED} or not 0 < len(typed["slices"]) == len(typed["marks"]):
        raise ValueError("the marks of a long run are not those of its slices")
    return strict.plain(LongRun, typed)


def _slice(entry: Mapping[str, Any]) -> Slice:
    typed = dict(entry)
    typed["samples_ns"] = strict.counts(entry["samples_ns"])
    typed["condition"] = _condition(entry.get("condition"))
    return strict.plain(Slice, typed)


def _condition(entry: Mapping[str, Any] | None) -> Condition | None:
    return None if entry is None else strict.plain(Condition, entry)


def _number_or_none(value: Any) -> float | None:
    return None if value is None else strict.finite(value)


def _accuracy(entry: Mapping[str, Any]) -> Accuracy:
    typed = dict(entry)
    typed["top1_ci95"] = strict.pair(entry["top1_ci95"])
    typed["drop_ci95_pp"] = None if entry["drop_ci95_pp"] is None else strict.pair(entry["drop_ci95_pp"])
    return strict.plain(Accuracy, typed)
