"""What can go wrong on a device; raised there, and raised again here under the same code."""

from __future__ import annotations

from fv_core.errors import FvError


class DeviceDiskFull(FvError):
    """No room on the device for what is to be sent or installed."""

    code = "device-disk-full"
    usual_hint = "free some space there (df -h), or send less with --limit N; --clean removes what fv left there"


class TransferDamaged(FvError):
    """What arrived on the device is not what was sent."""

    code = "transfer-damaged"
    usual_hint = "run the same command again; if it happens twice, check the device's memory card"


class DeviceBusy(FvError):
    """Another `fv benchmark` is measuring on the device."""

    code = "device-busy"
    usual_hint = "wait until it has ended: two at once would measure each other"


class VenvMissing(FvError):
    """The device's Python cannot make an environment, because Debian keeps that in a package of its own."""

    code = "device-venv-missing"
    usual_hint = "on the device: sudo apt install python3-venv"


class InstallFailed(FvError):
    """The private environment on the device could not be made."""

    code = "device-install-failed"
    usual_hint = "see that the device reaches the network, or give wheels fetched here with --wheels DIR"
