"""Wait until a machine is cool again: as warm as at the start, and nothing slows it down.

MLPerf Mobile pauses between tests so that one does not pay for the heat of the one before; the rules leave the length
to the submitter. Here it is not a fixed time but the machine's own word, with a limit; where the machine tells neither
temperature nor throttling, that is said and nobody waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from fv_benchmark.condition import Condition
from fv_benchmark.targets import Cooling
from fv_core.progress import Progress

# The sensors of a Raspberry Pi and of x86 processors step by 0.5 to 1 °C and wander by as much again when idle.
AS_COOL_WITHIN_C = 3.0
# Heat flows over seconds; asking more often would itself keep the processor awake.
ASK_EVERY_S = 2.0


def wait_until_cool(
    read: Callable[[], Condition],
    start: Condition,
    limit_s: float,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Cooling:
    """Ask `read` until the machine is as it was in `start`, at most `limit_s` seconds."""
    begun_s = clock()
    while True:
        now = read()
        waited_s = clock() - begun_s
        cool = is_cool(now, start)
        if cool is not False or waited_s >= limit_s:
            return Cooling(waited_s, now.temperature_c, cool)
        warm = "" if now.temperature_c is None else f"{now.temperature_c:.0f} °C"
        progress.advance("cooling down", round(waited_s), round(limit_s), warm)
        sleep(min(ASK_EVERY_S, limit_s - waited_s))


def is_cool(now: Condition, start: Condition) -> bool | None:
    """Whether the machine is as cool as in `start` and does not throttle; None where it tells neither."""
    if now.temperature_c is None and now.throttled_bits is None:
        return None
    warm = (
        now.temperature_c is not None
        and start.temperature_c is not None
        and now.temperature_c > start.temperature_c + AS_COOL_WITHIN_C
    )
    return not warm and not now.is_throttled
