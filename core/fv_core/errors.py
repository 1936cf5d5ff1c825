"""The one shape of every failure: what is wrong, why, and what to type next.

An error is raised with data and rendered in one place (`fv_cli.errors`). Each kind of failure is a subclass with a
`code` of its own, stable across releases, so that a script can tell them apart without reading English.
"""

from __future__ import annotations

from typing import ClassVar


class FvError(Exception):
    """A failure that a user can act on.

    `problem` says what is wrong in one line, `why` the reason (may be empty), `hint` a command or an action that mends
    it. Subclasses set `code` (unique, kebab-case), `exit_code` (1 failed, 2 wrong usage or input, 3 a gate says no,
    4 a gate cannot tell), and may set `usual_hint`, for where none is given.
    """

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1
    usual_hint: ClassVar[str] = ""

    def __init__(self, problem: str, *, why: str = "", hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.why = why
        self.hint = hint or self.usual_hint

    def __str__(self) -> str:
        return f"{self.problem}: {self.why}" if self.why else self.problem


class InputError(FvError):
    """What the user gave is wrong. Base of the refusals with exit code 2."""

    code = "bad-input"
    exit_code = 2


class MissingPath(InputError):
    """A file or folder that does not exist, or is of the wrong kind."""

    code = "missing-path"


class UnknownName(InputError):
    """A name that is in no registry; the hint offers the nearest."""

    code = "unknown-name"


class BadPicture(InputError):
    """A picture that cannot be decoded, or that we refuse to decode."""

    code = "bad-picture"
    usual_hint = "give a JPEG, PNG or WebP file that a viewer opens"


class BadImageSet(InputError):
    """A folder that is not an image set of ours, or a damaged one."""

    code = "bad-image-set"
    usual_hint = "prepare it again: fv data prepare SOURCE --out DIR"


class BadManifest(InputError):
    """The manifest inside a model file is damaged, too large or of an unknown schema."""

    code = "bad-manifest"
    usual_hint = "export the model again: fv export RUN"


class BadPredictions(InputError):
    """A stored predictions file is damaged or belongs to other pictures."""

    code = "bad-predictions"


class DiskFull(FvError):
    """No room for an output. Nothing half-written stays behind."""

    code = "disk-full"


class NotWritable(FvError):
    """The place for an output cannot be written."""

    code = "not-writable"


class AlreadyExists(InputError):
    """An output that is already there and would be lost."""

    code = "already-exists"


class MissingExtra(FvError):
    """A part of `fv` that is not installed; the hint is the command that installs it."""

    code = "missing-extra"
    exit_code = 2
