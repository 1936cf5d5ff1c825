"""What makes a figure doubtful: each doubt is a type with its numbers, a sentence, and what to try next.

A doubt never changes a figure; it stands beside it. Thresholds and where they come from:

    Drifted, Unsteady, WarmUpTooShort    5 %: MLPerf Mobile's rules, a result must repeat within 5 %
    TooFewSamples                        ten samples beyond a quantile (`stats`); hyperfine and pyperf warn alike
    TooFewBlocks                         five processes for an interval (`stats.MIN_BLOCKS`); MLPerf's five repeats
    OtherLoad                            a quarter of a core: an idle desktop's background is a few hundredths, and
                                         pyperf's "system tune" page asks for an otherwise idle machine
    Stolen                               1 % of the time: on a machine of one's own a hypervisor takes none
    Throttled                            any event: the kernel and the Raspberry Pi's firmware count real ones
    ClockFree                            any governor but `performance`: pyperf "system tune" sets that one
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

# Fields of doubts that are words; all others are numbers.
_TEXTS = ("governor", "reason", "try_next")
OTHER_CORES = 0.25
STOLEN_SHARE = 0.01


@dataclass(frozen=True)
class Doubt:
    """Base of all doubts; subclasses hold the numbers as fields. `next_step`: what to try.

    `machine`: in a report, the index of the machine whose whole session is doubtful; None where it stands at a row.
    """

    kind: ClassVar[str]
    next_step: ClassVar[str]
    machine: int | None = field(default=None, kw_only=True)

    @property
    def sentence(self) -> str:
        """What is doubtful, with its numbers."""
        return self._sentence()

    def _sentence(self) -> str:
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """The kind, its numbers, and the two sentences."""
        numbers = asdict(self)
        if self.machine is None:
            del numbers["machine"]
        return {"kind": self.kind, **numbers, "sentence": self.sentence, "next_step": self.next_step}


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
    """The medians of the slowest and the fastest process differ by the share `spread` of the median."""

    kind: ClassVar[str] = "unsteady"
    next_step: ClassVar[str] = "close other programs and run again, or raise --runs"
    spread: float
    limit: float

    def _sentence(self) -> str:
        return f"its processes differ by {self.spread:.0%} (more than {self.limit:.0%})"


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


@dataclass(frozen=True)
class NoAccuracy(Doubt):
    """The target could not say what the model answers; `reason` says why, `try_next` what would help."""

    kind: ClassVar[str] = "no-accuracy"
    reason: str
    try_next: str

    @property
    def next_step(self) -> str:  # type: ignore[override]  # the target knows better what would help
        """What the target advises."""
        return self.try_next

    def _sentence(self) -> str:
        return f"no accuracy: {self.reason}"


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
        NoAccuracy,
    )
}


def from_json(entry: Mapping[str, Any]) -> Doubt:
    """The doubt that `Doubt.to_json` wrote; raises `ValueError`, `KeyError` or `TypeError` for anything else."""
    numbers = {key: value for key, value in entry.items() if key not in ("kind", "sentence", "next_step")}
    doubt = KINDS[entry["kind"]](**numbers)
    # Report files come from other machines: a number that is none must not reach a format string.
    for name, value in numbers.items():
        if not isinstance(value, str if name in _TEXTS else (int, float)):
            raise TypeError(f"{name} of the doubt {entry['kind']} is {value!r}")
    return doubt
