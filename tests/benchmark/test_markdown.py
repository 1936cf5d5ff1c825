from dataclasses import replace

from fv_benchmark.render.markdown import markdown
from fv_benchmark.run import Measured
from tests.benchmark.builders import QUIET_AFTER, block, measured, report

EXPECTED = """\
# Benchmark

- Test CPU, 2 cores, 8.0 GB, Test OS, Linux 6.1; energy not measurable here
- 5 fresh processes of 0.5 s for each row, after a warm-up, in the order ABBA; × first: ratio of medians with its \
bootstrap interval

| model | MB | p50 ms | p90 | p99 | × first \\[95 %\\] | top-1 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| food\\_fp32.tflite ¹ | 4.00 | 2.00 | 2.00 | – | 1 | not measured |
| food\\_int8.tflite ¹ | 4.00 | 1.00 | 1.00 | – | 0.50 \\[0.50, 0.50\\] | not measured |

- ¹ no p99: 200 calls, it wants 1000; try: raise --runs

- whole run: other programs used 0.5 processor cores meanwhile (more than 0.25); try: see who with top; close it and \
run again

## Start and memory

| model | threads | init ms | first ms | peak memory MB | calls | runtime |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
| food\\_fp32.tflite ¹ | 1 | 2.00 | 1.50 | 50.0 | 200 | ai-edge-litert 2.3.0 |
| food\\_int8.tflite ¹ | 1 | 2.00 | 1.50 | 50.0 | 200 | ai-edge-litert 2.3.0 |
""".replace("tflite ¹ | 1 |", "tflite | 1 |")


def level(name, median_ms):
    """Every call the same, so that every figure is known."""
    blocks = tuple(block((int(1e6 * median_ms),) * 40) for _ in range(5))
    return Measured(measured(name, median_ms).candidate, blocks)


def test_the_whole_text():
    made = report(
        level("food_fp32.tflite", 2.0), level("food_int8.tflite", 1.0), after=replace(QUIET_AFTER, busy_s=14.0)
    )
    assert markdown(made) == EXPECTED


def test_a_name_cannot_break_out_of_its_cell():
    made = report(level("a|b_*<b>`.tflite", 1.0))
    row = next(line for line in markdown(made).splitlines() if line.startswith("| a"))
    assert row.startswith(r"| a\|b\_\*\<b\>\`.tflite ¹ |")
