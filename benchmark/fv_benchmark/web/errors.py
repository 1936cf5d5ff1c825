"""What can go wrong while pages are served."""

from __future__ import annotations

from fv_core.errors import FvError


class WebAssetsMissing(FvError):
    """The pages and their runtimes, which come in a wheel of their own, are not installed."""

    code = "web-assets-missing"
    exit_code = 2


class CannotServe(FvError):
    """No address or port to serve a page at."""

    code = "cannot-serve"
