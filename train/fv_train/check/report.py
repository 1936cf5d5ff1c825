"""Everything that `fv data check` found, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fv_core.imageset import ImageSet
from fv_core.progress import Progress
from fv_train.check.duplicates import Twin, twins
from fv_train.check.shortcut import Shortcut, shortcut

# Below this many training pictures of its smallest class for a hundred of its largest, a set is called unbalanced.
BALANCED = 0.5
# A mean colour that tells more than this of the labels is worth a look (a food set: 4 to 9 % at 101 to 26 classes).
SUSPICIOUS = 0.5


@dataclass(frozen=True)
class CheckReport:
    """`counts`: pictures of each class, for each split. `twins`: pairs that show the same. `skipped`:
    pictures that could not be read when the set was prepared. `shortcut`: None where there is no reported split or only
    one class in it."""

    classes: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]
    twins: tuple[Twin, ...]
    skipped: tuple[str, ...]
    shortcut: Shortcut | None

    @property
    def leaks(self) -> tuple[Twin, ...]:
        """Twins with one picture in each of two splits."""
        return tuple(twin for twin in self.twins if twin.across)

    @property
    def contradictions(self) -> tuple[Twin, ...]:
        """Twins with different labels."""
        return tuple(twin for twin in self.twins if twin.contradicts)

    @property
    def balance(self) -> float:
        """Training pictures of the smallest class for each of the largest."""
        counts = self.counts.get("train") or next(iter(self.counts.values()))
        return min(counts) / max(1, *counts)

    def problems(self) -> list[str]:
        """What should be mended before training, in words; empty for a clean set."""
        said = []
        if self.leaks:
            said.append(f"{_pictures(len(self.leaks))} of one split again in another: its accuracy is no test")
        if self.contradictions:
            said.append(f"{_pictures(len(self.contradictions))} twice with different labels")
        within = sum(1 for twin in self.twins if not twin.across and not twin.contradicts)
        if within:
            said.append(f"{_pictures(within)} twice within a split")
        if self.skipped:
            said.append(f"{_pictures(len(self.skipped))} that could not be read")
        by_class = zip(*self.counts.values(), strict=True)
        empty = [name for name, counts in zip(self.classes, by_class, strict=True) if 0 in counts]
        if empty:
            said.append(f"{len(empty)} classes without a picture in some split: {', '.join(empty[:5])}")
        elif self.balance < BALANCED:
            said.append(f"classes are unbalanced: the smallest has {self.balance:.0%} of the largest")
        if self.shortcut and self.shortcut.top1 > SUSPICIOUS:
            said.append(f"mean colours alone tell {self.shortcut.top1:.0%} of the labels: something gives them away")
        return said

    def to_json(self) -> dict[str, Any]:
        """Everything, with the problems in words."""
        return {
            "schema_version": 1,
            "problems": self.problems(),
            **asdict(self),
            "counts": {split: dict(zip(self.classes, counts, strict=True)) for split, counts in self.counts.items()},
        }


def check(imageset: ImageSet, progress: Progress) -> CheckReport:
    """Look through a prepared image set; raises `BadImageSet` when a byte of it has changed."""
    imageset.verify()
    splits = [imageset.split(name) for name in imageset.split_names()]
    classes = len(imageset.classes)
    names = {split.name: split for split in splits}
    reported = next((names[name] for name in ("validation", "test") if name in names and len(names[name])), None)
    known = None
    if "train" in names and reported and len(np.unique(names["train"].labels)) > 1:
        progress.say("asking a linear model about mean colours")
        known = shortcut(names["train"], reported)
    return CheckReport(
        classes=imageset.classes,
        counts={split.name: tuple(int(n) for n in np.bincount(split.labels, minlength=classes)) for split in splits},
        twins=tuple(twins(splits, progress)),
        skipped=imageset.header.skipped,
        shortcut=known,
    )


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"
