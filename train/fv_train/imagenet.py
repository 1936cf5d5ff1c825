"""The 1,000 classes of ImageNet (ILSVRC 2012) in the order of every published network's outputs.

`imagenet_classes.txt` has one line a class, `SYNSET NAME`, output 0 first. Synsets rise, which is how the order came to
be: data sets sort their folders, and those are named by synset. The names are Keras's (`imagenet_class_index.json`,
MD5 c2c37ea517e94d9795004a39431a14cb, from WordNet); three of them stand for two classes each, also if upper and lower
case are taken for the same (crane, maillot, Cardigan), and carry their synset, so that a name is one class:

    `pizza`, `crane_n02012849` (the bird), `crane_n03126707` (the machine)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "imagenet_classes.txt"


def published() -> list[tuple[str, str]]:
    """(synset, Keras's name) of each class, in the order of the outputs."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return [(synset, name) for synset, _, name in (line.partition(" ") for line in lines)]


@cache
def labels() -> tuple[str, ...]:
    """A name for each output, no two alike."""
    rows = published()
    count = Counter(name.casefold() for _, name in rows)
    return tuple(name if count[name.casefold()] == 1 else f"{name}_{synset}" for synset, name in rows)


def outputs_of(names: Iterable[str]) -> dict[str, int | None]:
    """The output that each name stands for: a label, in any case and with blanks for underscores, or a synset.

    None for a name that is no class, and for one that is two (`crane`).
    """
    known = {label.casefold(): output for output, label in enumerate(labels())}
    known |= {synset: output for output, (synset, _) in enumerate(published())}
    return {name: known.get(name.strip().casefold().replace(" ", "_")) for name in names}
