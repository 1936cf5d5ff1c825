"""Report files: written whole, read with every field checked (they may come from a device or from somebody else)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

from fv_benchmark import doubts
from fv_benchmark.accuracy import Accuracy
from fv_benchmark.errors import BadReport
from fv_benchmark.machine import Machine
from fv_benchmark.protocol import Protocol
from fv_benchmark.report import SCHEMA_VERSION, LatencyMs, Report, Result
from fv_benchmark.stats import Ratio
from fv_core.errors import MissingPath
from fv_core.files import write_text

# Ten models, three numbers of threads, five blocks of 10,000 calls of nine characters are 13 MB.
MAX_BYTES = 64 << 20
MAX_RESULTS = 10_000
_PLAIN = (str, int, float, bool, type(None))
T = TypeVar("T")


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
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
        if data["schema_version"] != SCHEMA_VERSION:
            raise BadReport(
                f"{path} has schema version {data['schema_version']!r}",
                why=f"this fv reads version {SCHEMA_VERSION}",
                hint="measure again, or update fv",
            )
        return _report(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"
        raise BadReport(f"{path} is no report of fv benchmark", why=why[:200], hint="fv benchmark … --json") from None


def _report(data: Mapping[str, Any]) -> Report:
    report = Report(
        protocol=_plain(Protocol, data["protocol"]),
        machines=tuple(_plain(Machine, entry) for entry in data["machines"]),
        doubts=tuple(doubts.from_json(entry) for entry in data["doubts"]),
        results=tuple(_result(entry) for entry in data["results"]),
    )
    if not report.results or len(report.results) > MAX_RESULTS:
        raise ValueError(f"{len(report.results)} results")
    if not all(0 <= result.machine < len(report.machines) for result in report.results):
        raise ValueError("a result names a machine that is not there")
    return report


def _result(entry: Mapping[str, Any]) -> Result:
    typed = dict(entry)
    typed["latency_ms"] = _plain(LatencyMs, entry["latency_ms"])
    ratio = entry["ratio_to_first"]
    interval = None if ratio["ci95"] is None else _pair(ratio["ci95"])
    typed["ratio_to_first"] = Ratio(_finite(ratio["value"]), interval)
    typed["samples_ns"] = _counts(entry["samples_ns"])
    typed["block_lengths"] = _counts(entry["block_lengths"])
    typed["doubts"] = tuple(doubts.from_json(doubt) for doubt in entry["doubts"])
    typed["accuracy"] = _accuracy(entry["accuracy"]) if "accuracy" in entry else None
    if sum(typed["block_lengths"]) != len(typed["samples_ns"]):
        raise ValueError("the blocks are not as long as the samples")
    return _plain(Result, typed)


def _accuracy(entry: Mapping[str, Any]) -> Accuracy:
    typed = dict(entry)
    typed["top1_ci95"] = _pair(entry["top1_ci95"])
    typed["drop_ci95_pp"] = None if entry["drop_ci95_pp"] is None else _pair(entry["drop_ci95_pp"])
    return _plain(Accuracy, typed)


def _plain(kind: type[T], entry: Mapping[str, Any]) -> T:
    """The dataclass `kind` of `entry`: exactly its fields; text, numbers and null of the annotated types."""
    hints = get_type_hints(kind)
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # T is a dataclass in every call above
    if set(entry) != names:
        raise ValueError(f"{kind.__name__} has the fields {sorted(set(entry) ^ names)} too many or too few")
    for name, value in entry.items():
        allowed = get_args(hints[name]) if isinstance(hints[name], UnionType) else (hints[name],)
        # Fields of another type were checked where they were made.
        if set(allowed) <= set(_PLAIN) and not _is(value, allowed):
            raise TypeError(f"{kind.__name__}.{name} is {value!r}")
    return kind(**entry)


def _is(value: Any, allowed: tuple[Any, ...]) -> bool:
    if isinstance(value, bool):
        return bool in allowed
    if isinstance(value, int):
        return int in allowed or float in allowed
    return isinstance(value, allowed)


def _pair(values: Any) -> tuple[float, float]:
    low, high = values
    return _finite(low), _finite(high)


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _counts(values: Any) -> tuple[int, ...]:
    if not values or not all(type(value) is int and value > 0 for value in values):
        raise TypeError("samples and blocks are positive whole numbers")
    return tuple(values)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")
