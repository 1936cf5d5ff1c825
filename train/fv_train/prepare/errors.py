"""What can go wrong while an image set is prepared."""

from __future__ import annotations

from fv_core.errors import FvError, InputError


class BadSource(InputError):
    """A source that is not what its kind says: an archive in place of a folder, a data set without labels."""

    code = "bad-source"
    usual_hint = "fv data prepare --help"


class EmptySource(InputError):
    """A source, split or class without pictures."""

    code = "empty-source"
    usual_hint = "add readable pictures to it, or name another source"


class BadClasses(InputError):
    """Class names that cannot be told apart, or fewer than two of them."""

    code = "bad-classes"


class TooManyBadPictures(InputError):
    """More pictures than `--max-bad` allows cannot be read."""

    code = "too-many-bad-pictures"


class MissingDataSet(FvError):
    """A public data set that is not on this machine and could not be downloaded."""

    code = "missing-data-set"


class PreparationRunning(FvError):
    """Another process prepares the same image set at this moment."""

    code = "preparation-running"
