"""Why the fresh processes of one model differ: what the machine told about the slow ones and not about the fast ones.

MLPerf Mobile asks a result to repeat within 5 %. Where it does not, the reader wants to know what to mend, so that each
known cause is looked for in the slow blocks, those more than 5 % above the fastest one's median.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fv_benchmark.protocol import REPEATS_WITHIN
from fv_benchmark.targets import Block

NOT_KNOWN = "nothing that the machine tells explains it"


def cause_of_spread(blocks: Sequence[Block]) -> str:
    """One clause, without a full stop."""
    medians = [float(np.median(block.samples_ns)) for block in blocks]
    limit = (1 + REPEATS_WITHIN) * min(medians)
    slow = [block for block, median in zip(blocks, medians, strict=True) if median > limit]
    fast = [block for block, median in zip(blocks, medians, strict=True) if median <= limit]
    found = [clause for clause in (_throttled(slow), _clock(slow, fast), _waited(slow)) if clause]
    return "; ".join(found) or NOT_KNOWN


def _throttled(slow: Sequence[Block]) -> str:
    count = sum(any(end is not None and end.is_throttled for end in (block.before, block.after)) for block in slow)
    return f"{count} of the {len(slow)} slow ones were throttled" if count else ""


def _clock(slow: Sequence[Block], fast: Sequence[Block]) -> str:
    ran, runs = _clocks(fast), _clocks(slow)
    if not ran or not runs or np.median(runs) > (1 - REPEATS_WITHIN) * np.median(ran):
        return ""
    return f"the clock was at {np.median(runs):.0f} MHz in the slow ones, {np.median(ran):.0f} MHz in the others"


def _clocks(blocks: Sequence[Block]) -> list[float]:
    # After the calls: before them the clock may still be idling.
    return [block.after.clock_mhz for block in blocks if block.after and block.after.clock_mhz is not None]


def _waited(slow: Sequence[Block]) -> str:
    most = max((block.waited_share for block in slow if block.waited_share is not None), default=0.0)
    return f"other programs held the core for up to {most:.0%} of a slow one's time" if most > REPEATS_WITHIN else ""
