"""`fv data check`: what is wrong with an image set before anything is trained on it."""

from fv_train.check.report import CheckReport, check

__all__ = ["CheckReport", "check"]
