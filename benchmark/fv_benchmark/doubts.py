"""What makes a figure doubtful: each doubt is a type with its numbers, a sentence, and what to try next.

A doubt never changes a figure; it stands beside it. Thresholds and where they come from:

    Drifted, Unsteady, WarmUpTooShort    5 %: MLPerf Mobile's rules, a result must repeat within 5 %
    TooFewSamples                        ten samples beyond a quantile (`stats`); hyperfine and pyperf warn alike
    TooFewBlocks                         five processes for an interval (`stats.MIN_BLOCKS`); MLPerf's five repeats
    PresetNotReached                     MLPerf Mobile's calls (`protocol.PRESETS`)
    Crowded, Disturbed                   5 %: what a core's time is shortened by, the calls are lengthened by
    OtherLoad                            a quarter of a core: an idle desktop's background is a few hundredths, and
                                         pyperf's "system tune" page asks for an otherwise idle machine
    Stolen                               1 % of the time: on a machine of one's own a hypervisor takes none
    Throttled                            any event: the kernel and the Raspberry Pi's firmware count real ones
    ClockFree                            any governor but `performance`: pyperf "system tune" sets that one
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fv_benchmark.device_doubts import (
    CoolDownUnknown,
    Crowded,
    Disturbed,
    Emulated,
    NoAccuracy,
    NotCooled,
    OnlySummaries,
    PresetNotReached,
    Slowed,
)
from fv_benchmark.doubt import Doubt
from fv_benchmark.strict import plain

OTHER_CORES = 0.25
STOLEN_SHARE = 0.01


@dataclass(frozen=True)
class TooFewSamples(Doubt):
    """`quantile` (90 for p90) is not given: `samples` calls, `needed` wanted."""

    kind: ClassVar[str] = "too-few-samples"
    next_step: ClassVar[str] = "raise --runs"
    quantile: int
    samples: int
    needed: int

    def _sentence(self) -> str:
        return f"no p{self.quantile}: {self.samples} calls, it wants {self.needed}"


@dataclass(frozen=True)
class TooFewBlocks(Doubt):
    """`blocks` fresh processes are too few for an interval of a ratio; it wants `needed`."""

    kind: ClassVar[str] = "too-few-blocks"
    next_step: ClassVar[str] = "--runs 5"
    blocks: int
    needed: int

    def _sentence(self) -> str:
        return f"no interval of the ratio: measured in {self.blocks} processes, it wants {self.needed}"


@dataclass(frozen=True)
class Unsteady(Doubt):
    """The medians of the slowest and the fastest process differ by the share `spread` of the median.

    `cause`: what the machine tells about it, in words.
    """

    kind: ClassVar[str] = "unsteady"
    next_step: ClassVar[str] = "close other programs and run again, or raise --runs"
    spread: float
    limit: float
    cause: str = ""

    def _sentence(self) -> str:
        why = f": {self.cause}" if self.cause else ""
        return f"its processes differ by {self.spread:.0%} (more than {self.limit:.0%}){why}"


@dataclass(frozen=True)
class WarmUpTooShort(Doubt):
    """In `blocks` of `of` processes the calls had not become steady when the warm-up ended."""

    kind: ClassVar[str] = "warm-up-too-short"
    next_step: ClassVar[str] = "close other programs and run again"
    blocks: int
    of: int

    def _sentence(self) -> str:
        return f"{self.blocks} of {self.of} processes were not steady after the warm-up"


@dataclass(frozen=True)
class Drifted(Doubt):
    """All models together changed by the share `change` from the first round to the last; positive is slower."""

    kind: ClassVar[str] = "drifted"
    next_step: ClassVar[str] = "trust the ratios more than the milliseconds; let the machine cool down and run again"
    change: float
    limit: float

    def _sentence(self) -> str:
        word = "slower" if self.change > 0 else "faster"
        return f"the machine became {abs(self.change):.0%} {word} while it was measured (more than {self.limit:.0%})"


@dataclass(frozen=True)
class Throttled(Doubt):
    """The processor was slowed down `events` times because of heat or low voltage."""

    kind: ClassVar[str] = "throttled"
    next_step: ClassVar[str] = "better cooling or power supply, then run again"
    events: int

    def _sentence(self) -> str:
        return f"the processor throttled {self.events} times (heat or low voltage)"


@dataclass(frozen=True)
class OtherLoad(Doubt):
    """Other programs used `cores` processor cores on average."""

    kind: ClassVar[str] = "other-load"
    next_step: ClassVar[str] = "see who with top; close it and run again"
    cores: float
    limit: float

    def _sentence(self) -> str:
        return f"other programs used {self.cores:.1f} processor cores meanwhile (more than {self.limit})"


@dataclass(frozen=True)
class Stolen(Doubt):
    """The hypervisor gave the share `share` of the processor's time to other machines."""

    kind: ClassVar[str] = "stolen"
    next_step: ClassVar[str] = "measure on a machine of your own"
    share: float
    limit: float

    def _sentence(self) -> str:
        return f"the hypervisor took {self.share:.1%} of the processor's time (more than {self.limit:.0%})"


@dataclass(frozen=True)
class ClockFree(Doubt):
    """The kernel's `governor` may change the processor's clock at any time."""

    kind: ClassVar[str] = "clock-free"
    next_step: ClassVar[str] = "sudo cpupower frequency-set -g performance"
    governor: str

    def _sentence(self) -> str:
        return f"the governor '{self.governor}' changes the processor's clock while it works"


KINDS: Mapping[str, type[Doubt]] = {
    kind.kind: kind
    for kind in (
        TooFewSamples,
        TooFewBlocks,
        Unsteady,
        WarmUpTooShort,
        Drifted,
        Throttled,
        OtherLoad,
        Stolen,
        ClockFree,
        PresetNotReached,
        OnlySummaries,
        NoAccuracy,
        Crowded,
        NotCooled,
        CoolDownUnknown,
        Emulated,
        Disturbed,
        Slowed,
    )
}


def from_json(entry: Mapping[str, Any]) -> Doubt:
    """The doubt that `Doubt.to_json` wrote; raises `ValueError`, `KeyError` or `TypeError` for anything else."""
    kind = KINDS[entry["kind"]]
    return plain(kind, {key: value for key, value in entry.items() if key not in ("kind", "sentence", "next_step")})
