"""The base of everything that makes a figure doubtful: a type with its numbers, a sentence, and what to try next."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


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
