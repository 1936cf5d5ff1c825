"""Why a model file does not become a project."""

from __future__ import annotations

from fv_core.errors import AlreadyExists, InputError


class NoManifest(InputError):
    """A model file that does not say what its outputs mean and how a picture becomes its input."""

    code = "no-manifest"


class WrongFormat(InputError):
    """A model file of a format that the target's runtime does not read."""

    code = "wrong-format-for-target"


class NotEmpty(AlreadyExists):
    """The folder for a project holds something already."""

    code = "folder-not-empty"
