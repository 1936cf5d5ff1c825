"""What can go wrong between here and a device that is reached over ssh."""

from __future__ import annotations

from fv_core.errors import FvError, InputError


class SshMissing(FvError):
    """There is no ssh program on this machine."""

    code = "ssh-missing"
    exit_code = 2
    usual_hint = "sudo apt install openssh-client, or name the program in FV_SSH"


class DeviceUnreachable(FvError):
    """No connection to the device: its name, its network, or its ssh server."""

    code = "device-unreachable"


class LoginRefused(FvError):
    """The device is there, and lets nobody in with the keys at hand; passwords are never asked for."""

    code = "login-refused"


class HostKeyUnknown(FvError):
    """The device was never seen before; nobody has vouched for its key yet."""

    code = "host-key-unknown"


class HostKeyChanged(FvError):
    """Another key than before: the device was set up anew, or somebody stands between."""

    code = "host-key-changed"


class ConnectionLost(FvError):
    """The connection broke while it was in use."""

    code = "connection-lost"
    usual_hint = "run the same command again: what was sent so far is kept on the device"


class DeviceTimedOut(FvError):
    """The device took longer than anything it was asked for can take."""

    code = "device-timed-out"
    usual_hint = "see with ssh what it is doing (top); then run the same command again"


class DevicePythonMissing(FvError):
    """The device has no Python, or an older one than is needed."""

    code = "device-python-missing"


class RuntimeMissing(FvError):
    """The device's Python lacks NumPy or the runtime for a model file."""

    code = "device-runtime-missing"


class WheelsMissing(InputError):
    """The folder of wheels does not hold what the device needs."""

    code = "wheels-missing"


class TooMuchToSend(InputError):
    """More pictures than the device's store takes."""

    code = "too-much-to-send"


class NoPhotos(InputError):
    """The photos behind an image set's pictures are not where they are looked for."""

    code = "no-photos"
