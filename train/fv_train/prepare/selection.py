"""Which samples of a source go into the image set, and into which split.

A source that has nothing but a training split (a folder of class folders, many TFDS sets) is divided: in each class,
one picture in five goes to `validation`. Which ones follows from a hash of their ids, not from their order: a picture
that is added or removed moves at most one other, and every machine divides alike.

`--limit` takes the first samples of every class in turn, so that all classes are in a small set too.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from fv_core.errors import InputError
from fv_core.imageset import SPLIT_NAME
from fv_core.progress import Progress
from fv_core.registry import unknown_name
from fv_train.prepare.catalogue import Catalogue, Sample
from fv_train.prepare.errors import BadClasses, BadSource, EmptySource

Splits = dict[str, tuple[Sample, ...]]
# 80/20, the division that a source without one gets.
VALIDATION_SHARE = 0.2
SPLIT_SEED = 0
TRAIN, VALIDATION = "train", "validation"


def select(
    catalogue: Catalogue, only: str | None, limit: int | None, progress: Progress, *, set_aside: bool = True
) -> Splits:
    """The samples to prepare; raises `UnknownName`, `EmptySource`, `BadClasses`, `BadSource` or `InputError`.

    `set_aside` False: nothing will be trained, so a source with one split is reported on as a whole.
    """
    check_classes(catalogue.classes)
    splits = catalogue.splits()
    _check_samples(splits)
    if only is not None:
        if only not in splits:
            raise unknown_name("split", only, splits)
        splits = {only: splits[only]}
    elif list(splits) == [TRAIN] and not set_aside:
        splits = {VALIDATION: splits[TRAIN]}
    elif list(splits) == [TRAIN]:
        splits = divide(splits[TRAIN], catalogue.classes)
        progress.say(f"no validation split in the source: {len(splits[VALIDATION])} pictures are set aside, seeded")
    if limit is not None:
        splits = {name: limited(samples, limit, len(catalogue.classes)) for name, samples in splits.items()}
    _check_every_class(splits, catalogue.classes, progress)
    return splits


def check_classes(classes: Sequence[str]) -> None:
    """Raise `BadClasses` for fewer than two, for names that differ in case only, or hold control characters."""
    if len(classes) < 2:
        raise BadClasses(
            f"the source has {len(classes)} class{'' if len(classes) == 1 else 'es'}",
            why="a classifier needs at least two",
            hint="one folder for each class: photos/pizza, photos/soup",
        )
    seen: dict[str, str] = {}
    for name in classes:
        if not name.strip() or not name.isprintable():
            raise BadClasses(f"the class name {name!r} cannot be shown", hint="give its folder a plain name")
        other = seen.setdefault(name.casefold(), name)
        if other is not name:
            raise BadClasses(
                f"the classes {other!r} and {name!r} cannot be told apart",
                why="they differ in upper and lower case only",
                hint="rename one, or move its pictures into the other",
            )


def divide(samples: Sequence[Sample], classes: Sequence[str]) -> Splits:
    """Split into `train` and `validation`, stratified and seeded; raises `EmptySource` for a class with one picture."""
    validation: set[str] = set()
    for label, name in enumerate(classes):
        ids = sorted((sample.id for sample in samples if sample.label == label), key=_draw_of)
        if len(ids) == 1:
            raise EmptySource(
                f"the class {name!r} has one picture",
                why="it cannot be both trained on and reported on",
                hint="add pictures of it, or remove it",
            )
        validation.update(ids[: max(1, round(VALIDATION_SHARE * len(ids)))] if ids else ())
    return {
        TRAIN: tuple(sample for sample in samples if sample.id not in validation),
        VALIDATION: tuple(sample for sample in samples if sample.id in validation),
    }


def limited(samples: Sequence[Sample], limit: int, classes: int) -> tuple[Sample, ...]:
    """At most `limit` samples: the first of each class, the second of each, and so on; their order stays."""
    if limit < classes:
        raise InputError(
            f"--limit {limit}", why=f"there are {classes} classes, and each needs a picture", hint=f"--limit {classes}"
        )
    seen: Counter[int] = Counter()
    ranked = []
    for sample in samples:
        ranked.append((seen[sample.label], sample.label, sample.position))
        seen[sample.label] += 1
    kept = {position for _, _, position in sorted(ranked)[:limit]}
    return tuple(sample for sample in samples if sample.position in kept)


def _draw_of(sample_id: str) -> bytes:
    return hashlib.sha256(f"{SPLIT_SEED}/{sample_id}".encode()).digest()


def _check_samples(splits: Splits) -> None:
    if not splits:
        raise EmptySource("the source has no pictures", why="it has no split")
    for name, samples in splits.items():
        if not SPLIT_NAME.fullmatch(name):
            raise BadSource(f"the split name {name!r} cannot be part of a file name")
        if not samples:
            raise EmptySource(f"the split {name!r} has no pictures", hint="add some, or remove the folder")
        for sample in samples:
            if not sample.id.isprintable():
                raise BadSource(f"the name {sample.id!r} cannot be recorded", hint="rename the file")


def _check_every_class(splits: Splits, classes: Sequence[str], progress: Progress) -> None:
    present = {name: {sample.label for sample in samples} for name, samples in splits.items()}
    everywhere = set().union(*present.values())
    nowhere = [name for label, name in enumerate(classes) if label not in everywhere]
    if nowhere:
        raise EmptySource(
            f"no picture of the class {nowhere[0]!r}"
            + (f" and {len(nowhere) - 1} more classes" if len(nowhere) > 1 else ""),
            why="every class needs pictures",
        )
    for name, labels in present.items():
        if labels != everywhere:
            missing = [classes[label] for label in sorted(everywhere - labels)]
            progress.say(f"the split {name!r} has no pictures of {', '.join(missing[:5])} ({len(missing)} classes)")
