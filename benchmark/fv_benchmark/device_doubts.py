"""Doubts about devices and long runs; see `doubts` for the others and for the thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fv_benchmark.doubt import Doubt

THROTTLED, COMPETED = "throttled", "competed"
_NAMES = {THROTTLED: "the processor was throttled", COMPETED: "another program held its core"}
_NEXT = {
    THROTTLED: "better cooling or power supply; the sustained figure is what it keeps up",
    COMPETED: "see who with top; close it and run again",
}


@dataclass(frozen=True)
class PresetNotReached(Doubt):
    """`calls` calls where the preset wants `needed`; the device is too slow for its time limit."""

    kind: ClassVar[str] = "preset-not-reached"
    next_step: ClassVar[str] = "--preset quick, or accept the wider interval"
    preset: str
    calls: int
    needed: int

    def _sentence(self) -> str:
        return f"{self.calls} calls within the time limit, the preset {self.preset} wants {self.needed}"


@dataclass(frozen=True)
class OnlySummaries(Doubt):
    """The device's tool gives no single calls: the median is that of `blocks` processes' `figure`s of `calls` calls."""

    kind: ClassVar[str] = "only-summaries"
    next_step: ClassVar[str] = "nothing: the tool says no more"
    blocks: int
    figure: str
    calls: int

    def _sentence(self) -> str:
        return f"p50 is the median of {self.blocks} processes' {self.figure}s ({self.calls} calls); no p90 and p99"


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


@dataclass(frozen=True)
class Crowded(Doubt):
    """While it was measured, the process waited for a core for the share `share` of its time."""

    kind: ClassVar[str] = "crowded"
    next_step: ClassVar[str] = "see who with top; close it and run again"
    share: float
    limit: float

    def _sentence(self) -> str:
        return f"another program held its core for {self.share:.0%} of the time (more than {self.limit:.0%})"


@dataclass(frozen=True)
class NotCooled(Doubt):
    """Before `rounds` of `of` rounds the machine had not cooled after `waited_s` seconds."""

    kind: ClassVar[str] = "not-cooled"
    next_step: ClassVar[str] = "a fan or a heat sink, or a longer pause before it"
    rounds: int
    of: int
    waited_s: float

    def _sentence(self) -> str:
        return f"still warm before {self.rounds} of {self.of} rounds, after {self.waited_s:.0f} s"


@dataclass(frozen=True)
class CoolDownUnknown(Doubt):
    """A pause to cool was asked for, and the machine tells neither temperature nor throttling."""

    kind: ClassVar[str] = "cool-down-unknown"
    next_step: ClassVar[str] = "nothing: it is not measurable here"

    def _sentence(self) -> str:
        return "whether it had cooled between rounds is not known: it tells neither temperature nor throttling"


@dataclass(frozen=True)
class Emulated(Doubt):
    """The processor is played by the program `by`."""

    kind: ClassVar[str] = "emulated"
    next_step: ClassVar[str] = "measure on the real device"
    by: str

    def _sentence(self) -> str:
        return f"emulated by {self.by}: the answers count, the milliseconds are no figures of a device"


@dataclass(frozen=True)
class Disturbed(Doubt):
    """For `seconds` of a long run, between `from_s` and `to_s`, `cause` slowed it down.

    `cause`: `throttled` or `competed`. `lost_share`: of the calls that a second brought otherwise; None where no second
    was undisturbed.
    """

    kind: ClassVar[str] = "disturbed"
    cause: str
    seconds: float
    from_s: float
    to_s: float
    lost_share: float | None

    def __post_init__(self) -> None:
        if self.cause not in _NAMES:
            raise ValueError(f"{self.cause!r} disturbs nothing")

    @property
    def next_step(self) -> str:  # type: ignore[override]  # depends on the cause
        """What to try against this cause."""
        return _NEXT[self.cause]

    def _sentence(self) -> str:
        effect = "no second was undisturbed"
        if self.lost_share is not None:
            effect = f"{self.lost_share:.0%} fewer calls a second"
        when = f"between {clock_text(self.from_s)} and {clock_text(self.to_s)}"
        return f"{_NAMES[self.cause]} for {self.seconds:.0f} s {when}: {effect}"


@dataclass(frozen=True)
class Slowed(Doubt):
    """For `seconds` of a long run calls took more than `limit` longer than usual, and the machine does not tell why."""

    kind: ClassVar[str] = "slowed"
    next_step: ClassVar[str] = "run it again; if it stays so, look at the clock and the temperature of the device"
    seconds: float
    limit: float

    def _sentence(self) -> str:
        return f"slower by more than {self.limit:.0%} for {self.seconds:.0f} s, and nothing the machine tells says why"


def clock_text(seconds: float) -> str:
    """`185.2` -> `3:05`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
