"""Power of a Raspberry Pi 5, from the power chip's own sensors.

`vcgencmd pmic_read_adc` gives a current and a voltage for each rail (` VDD_CORE_A current(7)=6.2242A`,
` VDD_CORE_V volt(15)=0.8617V`). The board's power is P = Σ V·I over the rails that have both; the conversion losses
between the socket and the rails, and what hangs on USB, are not in it. Older boards have no such sensors.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from fv_benchmark.device.board import vcgencmd

SOURCE = "the Pi 5's power chip: its rails, without conversion losses and USB"
_READING = re.compile(r"^\s*(?P<rail>\w+)_(?P<what>[AV])\s+\w+\(\d+\)=(?P<value>\d+(?:\.\d+)?)[AV]\s*$", re.MULTILINE)
# One call takes the firmware a few milliseconds: at two a second it stays below a hundredth of one core of four.
SAMPLE_EVERY_S = 0.5
# A mean of fewer says little; so blocks shorter than two seconds get no energy.
MIN_SAMPLES = 4


def board_watts(text: str) -> float | None:
    """Power in watts of one answer of `pmic_read_adc`; None where no rail has both a current and a voltage."""
    amps: dict[str, float] = {}
    volts: dict[str, float] = {}
    for match in _READING.finditer(text):
        (amps if match["what"] == "A" else volts)[match["rail"]] = float(match["value"])
    both = amps.keys() & volts.keys()
    return sum(amps[rail] * volts[rail] for rail in both) if both else None


class PowerLog:
    """Moments in nanoseconds (`time.monotonic_ns`) and watts, while a block is measured."""

    def __init__(self) -> None:
        self.samples: list[tuple[int, float]] = []

    def energy_uj(self, end_ns: int, timed_ns: int, samples_ns: Sequence[int]) -> float | None:
        """Microjoules of one call: mean power in the last `timed_ns` before `end_ns` × mean time of the calls in it.

        `samples_ns`: these calls, or as many of them as were kept. None with fewer than `MIN_SAMPLES` readings.
        """
        inside = [watts for at_ns, watts in self.samples if end_ns - timed_ns <= at_ns <= end_ns]
        if len(inside) < MIN_SAMPLES:
            return None
        return sum(inside) / len(inside) * sum(samples_ns) / len(samples_ns) / 1000


@contextmanager
def power_logged(read: Callable[[], str] = lambda: vcgencmd("pmic_read_adc")) -> Iterator[PowerLog]:
    """Ask for the power every half second while the block runs; asks once and no more where there is no sensor."""
    log, ended = PowerLog(), threading.Event()

    def look() -> None:
        while (watts := board_watts(read())) is not None:
            log.samples.append((time.monotonic_ns(), watts))
            if ended.wait(SAMPLE_EVERY_S):
                return

    logger = threading.Thread(target=look, daemon=True)
    logger.start()
    try:
        yield log
    finally:
        ended.set()
        logger.join()
