"""What can go wrong while a browser measures."""

from __future__ import annotations

from fv_core.errors import FvError


class BrowserNotThere(FvError):
    """No browser opened the page in time."""

    code = "browser-not-there"
    usual_hint = "open the address on the device, which has to be in the same network; or --adb-reverse for a cable"


class BrowserGone(FvError):
    """A page that was there did not answer in time."""

    code = "browser-gone"
    usual_hint = "keep the page open and in front, and the device awake; then run it again"


class BrowserFailed(FvError):
    """The page could not do what it was asked; it says why."""

    code = "browser-failed"
    usual_hint = "--threads 1 needs least of a browser; HTTPS (without --plain-http) gives it most"


class AdbReverseFailed(FvError):
    """No way through the cable to the phone's localhost."""

    code = "adb-reverse-failed"
    usual_hint = "adb devices shows whether the phone is there and allows it"
