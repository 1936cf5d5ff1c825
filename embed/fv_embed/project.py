"""`fv embed`: one model file, one target, one folder that is written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fv_core.files import check_writable, translated_os_errors, whole_folder
from fv_core.registry import Registry
from fv_embed.errors import NotEmpty, WrongFormat
from fv_embed.names import Names, names_for
from fv_embed.samples import Samples, samples_for
from fv_embed.source import Source, read_source

# A file of a project: its text, its bytes, or the file that it is a copy of.
Content = str | bytes | Path


@dataclass(frozen=True)
class Project:
    """What the targets write from: the model, what the project is called, and what its test is held against."""

    source: Source
    names: Names
    samples: Samples

    @property
    def model_file(self) -> str:
        """The model's name inside a project; it never comes from the user's disk."""
        return f"model.{self.source.format}"

    def values(self) -> dict[str, Any]:
        """What every template may print, through the filter of its language."""
        manifest = self.source.manifest
        return {
            "project": self,
            "source": self.source,
            "names": self.names,
            "manifest": manifest,
            "preprocess": manifest.preprocess,
            "samples": self.samples,
        }


@dataclass(frozen=True)
class Target:
    """One kind of project.

    `formats`: model formats that its runtime reads. `files`: (path inside the project, content) of each. `next_step`:
    the command or action that runs it, to be followed by a new user, inside the project's folder.
    """

    name: str
    formats: tuple[str, ...]
    files: Callable[[Project], Iterator[tuple[str, Content]]]
    next_step: str


@dataclass(frozen=True)
class Embedded:
    """A written project. `size_bytes` of all its files."""

    out: Path
    target: str
    files: tuple[str, ...]
    size_bytes: int
    next_step: str


TARGETS: Registry[Target] = Registry("fv_embed.targets", "TARGET", "target")


def embed(model: Path, target_name: str, out: Path, name: str | None = None) -> Embedded:
    """Write the project `target_name` around `model` into the folder `out`.

    `name`: what the app is called; default, what the manifest calls the model. Raises what `read_source` raises,
    `UnknownName`, `WrongFormat`, `NotEmpty`, `WebAssetsMissing`, `NotWritable`, `DiskFull`.
    """
    target = TARGETS.get(target_name)
    out = out.resolve()
    _refuse_full(out)
    check_writable(out)
    source = read_source(model)
    if source.format not in target.formats:
        raise WrongFormat(
            f"a project for {target.name} cannot run files of the format {source.format}",
            why=f"its runtime reads {' and '.join(target.formats)}",
            hint=f"fv export RUN --int8 --format {target.formats[0]}",
        )
    project = Project(source, names_for(name or source.manifest.name), samples_for(source.manifest))
    with whole_folder(out) as folder:
        written = [path for path, content in target.files(project) if _write(folder / path, content)]
        size_bytes = sum((folder / path).stat().st_size for path in written)
    return Embedded(out, target.name, tuple(sorted(written)), size_bytes, target.next_step)


def _refuse_full(out: Path) -> None:
    with translated_os_errors(out):
        if out.is_dir() and any(out.iterdir()):
            raise NotEmpty(
                f"{out} is not empty",
                why="a project is written into a new or an empty folder, so that nothing of yours is lost",
                hint="choose another place with --out",
            )


def _write(path: Path, content: Content) -> bool:
    """Write one file of the project; a path twice is a mistake of a target."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        raise ValueError(f"{path.name} stands twice in a project")
    if isinstance(content, Path):
        shutil.copyfile(content, path)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8", newline="\n")
    else:
        path.write_bytes(content)
    return True
