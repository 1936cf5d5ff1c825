"""Pictures labelled for a network that is used as it was published: the classes are its outputs, all of them.

An image set of four folders prepared so has the 1,000 classes of ImageNet, and pictures of four of them. Each folder's
name must be one of the classes (or `--rename` says which one it is): a folder that is not is an error, because under
any other number its pictures would count as mistakes of the network.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fv_core.errors import InputError
from fv_core.progress import Progress
from fv_train import imagenet
from fv_train.prepare.catalogue import Catalogue, Picture, Sample
from fv_train.prepare.errors import BadClasses
from fv_train.prepare.selection import Splits

# For hints only: as near to a class as a slip of the keyboard, or with an end in common (hamburger, cheeseburger).
_NEAR = 0.85
_COMMON_END = 5
_SHOWN = 10


class Relabelled:
    """A catalogue whose classes are the 1,000 of ImageNet; the pictures are those of the one below."""

    def __init__(self, below: Catalogue, splits: Splits) -> None:
        self._below = below
        self._splits = splits
        self.classes = imagenet.labels()
        self.source = below.source
        self.identity = below.identity
        self.drawn = below.drawn

    def splits(self) -> Splits:
        """See `Catalogue`."""
        return self._splits

    def pictures(self, split: str, samples: Sequence[Sample]) -> Iterator[Picture]:
        """See `Catalogue`."""
        return self._below.pictures(split, samples)


def relabelled(catalogue: Catalogue, splits: Splits, rename: Sequence[str], progress: Progress) -> Relabelled:
    """The chosen samples numbered as ImageNet's classes are; `rename` is texts `OLD=NEW`.

    Raises `BadClasses` for a class that is none of ImageNet's, or two that are the same; `InputError` for a text.
    """
    outputs = _outputs(catalogue.classes, renames(rename, catalogue.classes))
    for name, output in zip(catalogue.classes, outputs, strict=True):
        progress.say(f"class {name}: ImageNet's {output}, {imagenet.labels()[output]}")
    return Relabelled(
        catalogue,
        {
            split: tuple(replace(sample, label=outputs[sample.label]) for sample in samples)
            for split, samples in splits.items()
        },
    )


def renames(texts: Sequence[str], classes: Sequence[str]) -> dict[str, str]:
    """`OLD=NEW` texts as a table; raises `InputError` for one that is not that, or names no class of the source."""
    table: dict[str, str] = {}
    for text in texts:
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise InputError(f"--rename {text}", why="expected OLD=NEW", hint="--rename hamburger=cheeseburger")
        if old not in classes:
            raise InputError(
                f"--rename {text}", why=f"the source has no class {old!r}", hint=f"it has {', '.join(classes[:_SHOWN])}"
            )
        if table.setdefault(old, new) != new:
            raise InputError(f"--rename {text}", why=f"{old} was {table[old]} before", hint="give one of them")
    return table


def _outputs(classes: Sequence[str], renamed: Mapping[str, str]) -> list[int]:
    """The output of the network for each class of the source."""
    names = [renamed.get(name, name) for name in classes]
    known = imagenet.outputs_of(names)
    unknown = {old: name for old, name in zip(classes, names, strict=True) if known[name] is None}
    if unknown:
        raise BadClasses(
            f"{len(unknown)} of {len(classes)} classes are none of ImageNet's: {', '.join(list(unknown)[:_SHOWN])}",
            why="their pictures would count as mistakes",
            hint=" ".join(_way_out(old, name) for old, name in list(unknown.items())[:_SHOWN]),
        )
    outputs = [output for name in names if (output := known[name]) is not None]
    owner: dict[int, str] = {}
    for name, output in zip(classes, outputs, strict=True):
        if owner.setdefault(output, name) != name:
            raise BadClasses(
                f"{owner[output]} and {name} are both ImageNet's {imagenet.labels()[output]}",
                why="two classes of the source cannot be one of the network's",
                hint=f"move the pictures into one folder, or say what {name} is: --rename {shlex.quote(name)}=CLASS",
            )
    return outputs


def _way_out(old: str, name: str) -> str:
    """`--rename OLD=NEW` with the classes nearest to `name`, or with CLASS where none is near."""
    plain = name.casefold().replace(" ", "_")
    near = [label for label in imagenet.labels() if _resembles(label.casefold(), plain)]
    choices = " or ".join(f"{shlex.quote(old)}={label}" for label in near[:3])
    return f"--rename {choices or shlex.quote(old) + '=CLASS'}"


def _resembles(label: str, name: str) -> bool:
    """Whether two names share a word, or a long end, or differ by a letter or two."""
    words = {word for word in label.split("_") if len(word) > 2} & set(name.split("_"))
    alike = difflib.SequenceMatcher(None, label, name)
    end = len(name) >= _COMMON_END and label.endswith(name[-_COMMON_END:])
    return bool(words) or end or (alike.quick_ratio() >= _NEAR and alike.ratio() >= _NEAR)
