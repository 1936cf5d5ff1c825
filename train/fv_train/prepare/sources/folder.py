"""`folder:PATH`: one folder for each class, with or without `train/`, `validation/`, `test/` above.

    PATH/train/CLASS/*.jpg  PATH/validation/CLASS/*.jpg  PATH/test/CLASS/*.jpg      or      PATH/CLASS/*.jpg

`val` and `valid` count as `validation`. A file is a picture by its suffix; symbolic links are followed (many data sets
are made of them), but only one level below a class is looked at, so they cannot lead in circles. Hidden files, other
files and folders inside a class are left out and told of. Nothing is ever unpacked or unpickled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fv_core.errors import InputError, MissingPath
from fv_core.preprocess import SUFFIXES
from fv_core.progress import Progress
from fv_train.prepare.catalogue import Catalogue, Picture, Sample, Source
from fv_train.prepare.errors import BadSource, EmptySource
from fv_train.prepare.sources._files import Encoded

SPLIT_OF = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation", "test": "test"}
_ARCHIVES = (".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".rar")
_PICKLES = (".pkl", ".pickle", ".p", ".npz", ".npy", ".mat", ".h5", ".hdf5", ".pt", ".joblib")


class Folder:
    """The catalogue of a folder."""

    drawn = False
    identity = "files by size and time"

    def __init__(self, root: Path, progress: Progress) -> None:
        self._root = root
        self._left_out: Counter[str] = Counter()
        split_folders = _split_folders(root)
        self._class_folders = {name: self._classes_below(folder) for name, folder in split_folders.items()}
        # The name alone: the image set holds no path of this machine.
        self.source = f"folder:{root.resolve().name}"
        self.classes = self._classes()
        self._splits = {name: tuple(self._samples(folders)) for name, folders in self._class_folders.items()}
        for what, count in sorted(self._left_out.items()):
            progress.say(f"left out: {count} {what}")

    def splits(self) -> dict[str, tuple[Sample, ...]]:
        """See `Catalogue`."""
        return self._splits

    def pictures(self, split: str, samples: Sequence[Sample]) -> Iterator[Picture]:
        """See `Catalogue`."""
        del split  # the id says it
        return (Encoded(self._root / sample.id) for sample in samples)

    def _classes(self) -> tuple[str, ...]:
        """Sorted names of the folders of `train` (of the first split, where there is no `train`)."""
        first = "train" if "train" in self._class_folders else next(iter(self._class_folders))
        names = tuple(sorted(folder.name for folder in self._class_folders[first]))
        for split, folders in self._class_folders.items():
            foreign = sorted({folder.name for folder in folders} - set(names))
            if foreign:
                raise BadSource(
                    f"{split}/{foreign[0]} is a class that {first}/ does not have",
                    why=f"{len(foreign)} such folders",
                    hint="give the same class the same name in every split",
                )
        return names

    def _classes_below(self, folder: Path) -> list[Path]:
        folders = [entry for entry in _entries(folder) if entry.is_dir() and not entry.name.startswith(".")]
        if not folders:
            raise EmptySource(
                f"{folder} has no class folders",
                why=_what_instead(folder),
                hint=f"mkdir -p {folder}/pizza {folder}/soup, and move the pictures there",
            )
        self._left_out["files beside the class folders"] += sum(entry.is_file() for entry in _entries(folder))
        self._left_out += Counter()  # drops zeros
        return folders

    def _samples(self, folders: Sequence[Path]) -> Iterator[Sample]:
        position = 0
        for folder in sorted(folders, key=lambda folder: folder.name):
            pictures = [entry for entry in _entries(folder) if self._is_picture(entry)]
            if not pictures:
                raise EmptySource(f"no pictures in {folder}", why=_what_instead(folder), hint=f"ls {folder}")
            for path in pictures:
                label = self.classes.index(folder.name)
                yield Sample(path.relative_to(self._root).as_posix(), label, position, _stamp(path))
                position += 1

    def _is_picture(self, entry: Path) -> bool:
        if entry.name.startswith("."):
            self._left_out["hidden files"] += 1
        elif entry.is_dir():
            self._left_out["folders inside a class"] += 1
        elif entry.suffix.lower() not in SUFFIXES:
            self._left_out[f"files that are no pictures (*{entry.suffix.lower()})"] += 1
        else:
            return True
        return False


def _open(what: str, data_dir: Path | None, progress: Progress) -> Catalogue:
    if data_dir is not None:
        raise InputError("--data-dir is for tfds: sources", hint=f"leave it out, the pictures are in {what}")
    root = Path(what)
    if not root.exists():
        raise MissingPath(f"no folder at {root}", why="there is no such place", hint=f"ls {root.parent}")
    if not root.is_dir():
        raise _not_a_folder(root)
    return Folder(root, progress)


def _not_a_folder(path: Path) -> BadSource:
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if suffixes & set(_ARCHIVES):
        return BadSource(
            f"{path} is an archive",
            why="fv unpacks none: an archive may write outside of its folder",
            hint=f"mkdir photos && tar --no-same-owner -xf {path} -C photos, look at it, then use folder:photos",
        )
    if suffixes & set(_PICKLES):
        return BadSource(
            f"{path} is no folder of pictures",
            why="fv loads no pickles and no arrays: a pickle can run any program",
            hint="save the pictures as PNG, one folder for each class",
        )
    return BadSource(f"{path} is a file", why="the source is a folder with one folder for each class")


def _split_folders(root: Path) -> dict[str, Path]:
    """`{'train': PATH/train, …}`, or `{'train': PATH}` for class folders directly below."""
    folders = [entry for entry in _entries(root) if entry.is_dir() and not entry.name.startswith(".")]
    named = [folder for folder in folders if folder.name in SPLIT_OF]
    if not named or (len(named) < len(folders) and "train" not in {folder.name for folder in named}):
        return {"train": root}
    found: dict[str, Path] = {}
    for name in SPLIT_OF:
        if root / name not in named:
            continue
        other = found.setdefault(SPLIT_OF[name], root / name)
        if other.name != name:
            raise BadSource(
                f"{root} has both {other.name}/ and {name}/", why="they mean the same", hint="merge or rename one"
            )
    return found


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, by name; raises `BadSource` where it may not be read or has a name that is no UTF-8."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise BadSource(f"cannot read {folder}", why=error.strerror or "", hint=f"ls -ld {folder}") from error
    for entry in entries:
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            shown = entry.name.encode(errors="surrogateescape")
            raise BadSource(f"the name {shown!r} is not UTF-8", why=f"in {folder}", hint="rename it") from None
    return entries


def _stamp(path: Path) -> str:
    """Size and time of a file; empty where a link leads nowhere (it is then counted as unreadable)."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}/{status.st_mtime_ns}"


def _what_instead(folder: Path) -> str:
    suffixes = Counter(entry.suffix.lower() or "no suffix" for entry in _entries(folder) if entry.is_file())
    if not suffixes:
        return "it is empty"
    return "it has " + ", ".join(f"{count} files ({suffix})" for suffix, count in suffixes.most_common(3))


SOURCE = Source(_open)
