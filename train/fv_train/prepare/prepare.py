"""From a source to an image set: list, choose, read in parallel, write chunk by chunk, rename into place.

The stored size is `--size`, unless every picture's short side is smaller: then it is the largest short side, so that
nothing is enlarged (CIFAR keeps its 32 pixels). Headers are read until one picture is large enough; most often that
is the first.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from fv_core.errors import AlreadyExists, BadImageSet, BadPicture, MissingPath
from fv_core.files import translated_os_errors
from fv_core.imageset import Header, ImageSet, write_header
from fv_core.progress import Progress
from fv_core.registry import Registry
from fv_train.prepare import partial as partials
from fv_train.prepare import published
from fv_train.prepare.catalogue import Catalogue, Source
from fv_train.prepare.options import PrepareOptions
from fv_train.prepare.partial import Partial
from fv_train.prepare.sealing import sealing
from fv_train.prepare.selection import Splits, select
from fv_train.prepare.writing import write_squares

SOURCES: Registry[Source] = Registry("fv_train.prepare.sources", "SOURCE", "kind of source")
RESIZE_RULE = "centre square of the upright picture; Pillow's antialiased bilinear in 8-bit fixed point; no ICC"


def prepare(options: PrepareOptions, progress: Progress) -> ImageSet:
    """Prepare `options.source` as the image set `options.out` and open it.

    Raises `UnknownName`, `MissingPath`, `AlreadyExists`, `DiskFull`, `NotWritable`, and the errors of this package. An
    image set that the same preparation finished before is opened and nothing is done.
    """
    _refuse_foreign(options.out)
    kind, what = options.kind_and_what()
    catalogue = SOURCES.get(kind).open(what, options.data_dir, progress)
    own = options.classes == "own"
    splits = select(catalogue, options.split, options.limit, progress, set_aside=own)
    if not own:
        catalogue = published.relabelled(catalogue, splits, options.rename, progress)
        splits = catalogue.splits()
    preparation = digest_of(catalogue, splits, options)
    finished = _finished(options, preparation, progress)
    if finished is not None:
        return finished
    with partials.opened(options.out, preparation, lambda: _store_size(catalogue, splits, options.size), progress) as p:
        with sealing(splits, p, _header(catalogue, p, preparation)) as sealed:
            try:
                write_squares(catalogue, splits, p, options, progress, sealed.complete)
            except KeyboardInterrupt:
                done = sum(p.done(split).handled for split in splits)
                progress.say(f"interrupted: the same command goes on after {done} pictures")
                raise
            progress.say("finishing the fingerprint")
            write_header(p.folder, sealed.header())
        p.forget_journal()
        p.folder.rename(options.out)
    return ImageSet.open(options.out)


def digest_of(catalogue: Catalogue, splits: Splits, options: PrepareOptions) -> str:
    """Hex SHA-256 of everything that decides what the image set holds: source, samples, size, rule."""
    listing = {name: [(sample.id, sample.label, sample.stamp) for sample in split] for name, split in splits.items()}
    about = [catalogue.source, catalogue.identity, catalogue.classes, options.size, RESIZE_RULE, listing]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def _refuse_foreign(out: Path) -> None:
    """Nothing is written over: `out` is free, an empty folder, or an image set (looked at later)."""
    with translated_os_errors(out):
        if out.is_dir() and not any(out.iterdir()):
            return
        if out.exists() and not (out / "imageset.json").is_file():
            raise AlreadyExists(f"{out} is there and no image set", hint="choose another place with --out")


def _finished(options: PrepareOptions, preparation: str, progress: Progress) -> ImageSet | None:
    if not options.out.exists() or not any(options.out.iterdir()):
        return None
    try:
        existing = ImageSet.open(options.out)
        same = existing.header.preparation_sha256 == preparation
    except BadImageSet:
        same = False
    if not same:
        raise AlreadyExists(
            f"there is an image set at {options.out}",
            why="it comes from another source, or was prepared with other options",
            hint=f"choose another place with --out, or remove it: rm -r {options.out}",
        )
    for name in existing.split_names():
        existing.split(name)
    progress.say(f"already prepared: {options.out}")
    return existing


def _store_size(catalogue: Catalogue, splits: Splits, wanted: int) -> int:
    largest = 0
    for name, samples in splits.items():
        for picture in catalogue.pictures(name, samples):
            try:
                largest = max(largest, picture.short_side())
            except (BadPicture, MissingPath):
                continue  # counted and reported when it is read
            if largest >= wanted:
                return wanted
    return largest or wanted


def _header(catalogue: Catalogue, partial: Partial, preparation: str) -> Header:
    """What is known of the image set before its pictures are read."""
    return Header(
        classes=catalogue.classes,
        size=partial.size,
        counts={},
        source=catalogue.source,
        resize_rule=RESIZE_RULE,
        skipped=(),
        content_sha256="",
        preparation_sha256=preparation,
    )
