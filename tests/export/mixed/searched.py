"""A whole search without a clock: the fragile network of `separable`, and latencies that are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from fv_benchmark.benchmark import BenchmarkOptions
from fv_benchmark.report import Report
from fv_core.progress import Progress
from tests.benchmark import builders

FLOAT_MS = 2.0


def without_a_clock(patch: pytest.MonkeyPatch, ratio: float = 0.5) -> list[BenchmarkOptions]:
    """The first file of each session takes `FLOAT_MS`, the others `ratio` of that; returns what was asked."""
    asked: list[BenchmarkOptions] = []

    def benchmark(options: BenchmarkOptions, progress: Progress) -> Report:
        asked.append(options)
        count = len(options.models)
        assert all(Path(model).is_file() for model in options.models)
        rows = [builders.measured(f"{index}.tflite", FLOAT_MS * (ratio if index else 1.0)) for index in range(count)]
        return builders.report(*rows)

    patch.setattr("fv_export.mixed.timing.benchmark", benchmark)
    return asked
