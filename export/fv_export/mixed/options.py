"""What was asked of the precision of an export's integer files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fv_core.errors import InputError
from fv_export.mixed.timing import LOCAL


@dataclass(frozen=True)
class Mix:
    """`target_drop_pp`: restore layers until the drop is within it; None: restore none.

    `keep_float`: patterns of layers that stay in float. `latency_on`: the machine to be fast on, a target of
    `fv benchmark --on`; None: measure nothing, unless the search or `require_faster` wants it, and then this machine.
    `require_faster`: refuse an integer file that is not faster than float there. `data`: an image set with labels; None
    for the run's own. `assurance`: the probability with which the pictures that report are to show the target kept.
    """

    target_drop_pp: float | None = None
    keep_float: tuple[str, ...] = ()
    latency_on: str | None = None
    require_faster: bool = False
    data: Path | None = None
    # What trials are planned for by convention (Cohen 1988, section 2.4). 0.9 was tried: for small targets no mixture
    # has it, and the surest one leaves nothing in 8 bits (docs/findings.md).
    assurance: float = 0.8

    def __post_init__(self) -> None:
        if self.target_drop_pp is not None and not 0 < self.target_drop_pp < 100:
            raise InputError(
                f"{self.target_drop_pp:g} points are no target", why="above 0, below 100", hint="--target-drop 0.5"
            )
        if not 0.5 <= self.assurance < 1:
            raise InputError(
                f"{self.assurance:g} is no assurance",
                why="a probability from 0.5, a coin's, to below 1, a certainty",
                hint=f"--assurance {Mix.assurance:g}",
            )

    @property
    def measures(self) -> bool:
        """Whether latencies are measured."""
        return self.target_drop_pp is not None or self.latency_on is not None or self.require_faster

    @property
    def machine(self) -> str:
        """The target that latencies are measured on."""
        return self.latency_on or LOCAL
