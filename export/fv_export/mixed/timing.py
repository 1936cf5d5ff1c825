"""Latencies of files on the machine that the search is for: `fv_benchmark` measures, this hands it the files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fv_benchmark import machine
from fv_benchmark.benchmark import BenchmarkOptions, benchmark
from fv_benchmark.protocol import Protocol
from fv_benchmark.report import Report
from fv_core.progress import Progress
from fv_export.mixed.memory import Memory, key_of

LOCAL = "local"
# A dozen and a half files tell five numbers together, so each may be known less well than one that is judged alone.
QUICK = Protocol(blocks=3, block_seconds=0.2, warm_up_seconds=0.5)
# Interruptions only lengthen a call: the quickest tenth of the calls, in the quickest of the processes, is what is left
# of the file's own time on a machine that others use.
_QUANTILE = 0.1


@dataclass(frozen=True)
class Stopwatch:
    """`on`: a target of `fv benchmark --on`. `suffix`: of the files (`.tflite`, `.onnx`)."""

    on: str
    suffix: str
    memory: Memory
    progress: Progress

    def report(self, files: Mapping[str, bytes], protocol: Protocol) -> Report:
        """Measure the files side by side, in their order; the ratios are to the first. Nothing is remembered."""
        with tempfile.TemporaryDirectory(prefix="fv-timing-") as folder:
            paths = [Path(folder) / f"{name}{self.suffix}" for name in files]
            for path, data in zip(paths, files.values(), strict=True):
                path.write_bytes(data)
            options = BenchmarkOptions(models=tuple(paths), on=(self.on,), protocol=protocol)
            return benchmark(options, self.progress)

    def latencies_ms(self, files: Mapping[str, bytes]) -> list[float]:
        """A quick figure for each file, for comparisons among them; remembered."""
        here = machine.describe(machine.snapshot(), machine.snapshot())
        place = (self.on, here.cpu, here.architecture, str(here.cores))
        key = key_of("latency 2", *place, repr(sorted(asdict(QUICK).items())), *files.values())
        known = self.memory.get(key)
        if known is None:
            results = self.report(files, QUICK).results
            known = [min(float(np.quantile(block, _QUANTILE)) for block in one.blocks()) / 1e6 for one in results]
            self.memory.put(key, known)
        return [float(value) for value in known]
