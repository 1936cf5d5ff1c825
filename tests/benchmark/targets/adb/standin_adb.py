#!/usr/bin/env python3
"""A stand-in for `adb`, with one phone: its shell is a shell here, or in an arm64 user land under emulation.

    FV_ADB_ROOT      a folder that is the phone's file system; commands run in it by chroot, or, with FV_ADB_LOCAL set,
                     here, with /data/local/tmp standing for a folder of that name below it
    FV_ADB_FAULTS    a folder: the file `unplugged` makes the phone vanish, `full` leaves no room, `noise` makes it
                     talk, `unauthorized` and `several` are what they say; each holds the number of commands before
                     it acts

What the real one says in such cases is said here, word for word, with its exit status.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT, LOCAL = Path(os.environ["FV_ADB_ROOT"]), os.environ.get("FV_ADB_LOCAL")
FAULTS = Path(os.environ.get("FV_ADB_FAULTS", "/nonexistent"))
TMP = "/data/local/tmp"
SAID = {
    "several": "error: more than one device/emulator",
    "unplugged": "error: no devices/emulators found",
    "unauthorized": "error: device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set",
}
NOISE = b"\x1b]0;owned\x07\x1b[2J" + bytes(range(256)) * 16


def is_due(fault: str) -> bool:
    path = FAULTS / fault
    if not path.is_file():
        return False
    left = int(path.read_text() or 0)
    if left > 0:
        path.write_text(str(left - 1))
    return left <= 0


def there(path: str) -> Path:
    return ROOT / path.lstrip("/")


def fail(text: str, status: int = 1) -> None:
    sys.stderr.write(f"{text}\n")
    sys.exit(status)


def shell(command: str) -> int:
    path = "/system/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    if LOCAL:
        words = ["sh", "-c", command.replace(TMP, str(there(TMP)))]
        environment = {**os.environ, "PATH": f"{ROOT}/system/bin:{os.environ['PATH']}"}
    else:
        words = ["chroot", str(ROOT), "/bin/sh", "-c", command]
        environment = {"PATH": path, "HOME": "/", "LANG": "C.UTF-8", "QEMU_CPU": "cortex-a76"}
        environment |= {"PYTHONPATH": os.environ.get("FV_ADB_PYTHONPATH", "")}
    return subprocess.run(words, env=environment, check=False).returncode


def main(words: list[str]) -> int:
    if words[:1] == ["-s"]:
        if words[1] != "STANDIN":
            fail(f"error: device '{words[1]}' not found")
        words = words[2:]
    for fault, text in SAID.items():
        if is_due(fault):
            fail(text)
    return act(words[0], words[1:])


def act(verb: str, given: list[str]) -> int:
    if verb == "get-state":
        sys.stdout.write("device\n")
        return 0
    if is_due("noise"):
        for _ in range(50 << 20 >> 12):
            sys.stdout.buffer.write(NOISE)
        return 0
    if verb == "shell":
        return shell(" ".join(given))
    if verb == "push":
        if is_due("full"):
            fail(
                f"adb: error: failed to copy '{given[0]}' to '{given[1]}': remote write failed: No space left on device"
            )
        shutil.copyfile(given[0], there(given[1]))
    elif verb == "pull":
        if not there(given[0]).is_file():
            fail(f"adb: error: failed to stat remote object '{given[0]}': No such file or directory")
        shutil.copyfile(there(given[0]), given[1])
    else:
        fail(f"adb: unknown command {verb}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
