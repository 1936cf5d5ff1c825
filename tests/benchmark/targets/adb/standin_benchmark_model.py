#!/usr/bin/env python3
"""A stand-in for the platform's `benchmark_model`: runs the file with ai-edge-litert, prints as the tool of 2023 does.

It is no benchmark_model: those of Google are not to be had from a package registry. What it shares with them is the
command line that fv uses and the text that fv reads; the inference is real, with the kernels of the machine it runs on.
"""

import sys
import time

import numpy as np

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError as error:
    sys.stderr.write(f"ERROR: {error}\n")
    sys.exit(1)


def flag(name: str, default: str = "") -> str:
    return next((word.partition("=")[2] for word in sys.argv[1:] if word.startswith(f"--{name}=")), default)


def statistics(samples: list[int]) -> str:
    if not samples:
        return "count=0"
    p5, median, p95 = (int(np.quantile(samples, share)) for share in (0.05, 0.5, 0.95))
    if len(set(samples)) == 1:
        said = f"count={len(samples)} curr={samples[-1]}" + ("(all same)" if len(samples) > 1 else "")
    else:
        said = f"count={len(samples)} first={samples[0]} curr={samples[-1]} min={min(samples)} max={max(samples)}"
        said += f" avg={np.mean(samples):.6g} std={int(np.std(samples))}"
    return f"{said} p5={p5} median={median} p95={p95}"


def run(interpreter: Interpreter, calls: int, least_s: float, most_s: float) -> list[int]:
    samples: list[int] = []
    start = time.perf_counter()
    while (len(samples) < calls or time.perf_counter() - start < least_s) and time.perf_counter() - start <= most_s:
        before = time.perf_counter_ns()
        interpreter.invoke()
        samples.append((time.perf_counter_ns() - before) // 1000)
    print(f"INFO: {statistics(samples)}\n")
    return samples


def main() -> int:
    start = time.perf_counter()
    print("INFO: STARTING!")
    try:
        interpreter = Interpreter(model_path=flag("graph"), num_threads=max(1, int(flag("num_threads", "1"))))
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        print(f"ERROR: {error}\nERROR: Benchmarking failed.")
        return 1
    init_us = int(1e6 * (time.perf_counter() - start))
    given, taken = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    path = flag("input_layer_value_files").partition(":")[2]
    if path:
        values = np.fromfile(path, dtype=given["dtype"])
    else:
        values = np.random.default_rng(0).integers(0, 256, size=np.prod(given["shape"])).astype(given["dtype"])
    interpreter.set_tensor(given["index"], values.reshape(given["shape"]))
    most_s = float(flag("max_secs", "150"))
    warm_up = run(interpreter, int(flag("warmup_runs", "1")), float(flag("warmup_min_secs", "0.5")), most_s)
    samples = run(interpreter, int(flag("num_runs", "50")), float(flag("min_secs", "1")), most_s)
    first = (warm_up or samples)[0]
    warm_up_us, mean_us = (float(np.mean(found)) if found else 0.0 for found in (warm_up, samples))
    print(
        f"INFO: Inference timings in us: Init: {init_us}, First inference: {first}, Warmup (avg): {warm_up_us:.6g},"
        f" Inference (avg): {mean_us:.6g}"
    )
    if flag("output_filepath"):
        interpreter.get_tensor(taken["index"]).tofile(flag("output_filepath"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
