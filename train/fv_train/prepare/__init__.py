"""`fv data prepare`: a source of pictures becomes an image set."""

from __future__ import annotations

from fv_train.prepare.options import PrepareOptions
from fv_train.prepare.prepare import prepare

__all__ = ["PrepareOptions", "prepare"]
