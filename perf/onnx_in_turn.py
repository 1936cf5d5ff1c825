"""ONNX files of one network against each other, to a third of a per cent: all in one process, a call of each in turn.

    python perf/onnx_in_turn.py FIRST.onnx OTHER.onnx...

`bench_export.py` measures each file in processes of its own, as its user would meet it, and processes differ by several
per cent. Here one process holds all files, so what the machine does to one it does to all; eight fresh processes, each
beginning with another file, give the interval (95 %, Student's t of the logarithms). One thread, float or uint8 input.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import numpy as np
from scipy import stats

PROCESSES = 8
CALLS = 250
WARM_UP = 20
ONE = "--one"


def medians(start: int, files: list[str]) -> list[float]:
    """Median milliseconds of each file, called in turn, beginning with file number `start`."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    order = [(start + step) % len(files) for step in range(len(files))]
    opened: dict[int, tuple[Any, dict[str, Any]]] = {}
    for number in order:
        session = onnxruntime.InferenceSession(files[number], options, providers=["CPUExecutionProvider"])
        (image,) = session.get_inputs()
        kind = np.uint8 if image.type == "tensor(uint8)" else np.float32
        pixels = np.random.default_rng(0).integers(0, 256, image.shape).astype(kind)
        opened[number] = (session, {image.name: pixels})
    seconds: dict[int, list[float]] = {number: [] for number in order}
    for _ in range(CALLS):
        for number in order:
            session, question = opened[number]
            begin = time.perf_counter()
            session.run(None, question)
            seconds[number].append(time.perf_counter() - begin)
    return [1e3 * float(np.median(seconds[number][WARM_UP:])) for number in range(len(files))]


def main(files: list[str]) -> None:
    rows = []
    for process in range(PROCESSES):
        words = [sys.executable, __file__, ONE, str(process % len(files)), *files]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        rows.append([float(word) for word in done.stdout.split()])
    found = np.log(rows)
    reach = float(stats.t.ppf(0.975, PROCESSES - 1)) / PROCESSES**0.5
    print(f"{np.exp(found[:, 0].mean()):7.3f} ms  {files[0]}")
    for number, file in enumerate(files[1:], 1):
        ratios = found[:, 0] - found[:, number]
        middle, half = float(ratios.mean()), float(ratios.std(ddof=1)) * reach
        interval = f"[{np.exp(middle - half):.3f}, {np.exp(middle + half):.3f}]"
        print(f"{np.exp(found[:, number].mean()):7.3f} ms  {file}: the first is {np.exp(middle):.3f} {interval} of it")


if __name__ == "__main__":
    if sys.argv[1] == ONE:
        print(*medians(int(sys.argv[2]), sys.argv[3:]))
    else:
        main(sys.argv[1:])
