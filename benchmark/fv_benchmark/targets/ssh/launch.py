"""Bring the agent to the device and start it there.

The agent's file travels as text inside a small Python program on standard input, so that nothing but a path, checked
and quoted, ever stands on a command line.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import shlex

from fv_benchmark import strict
from fv_benchmark.device.agent import CACHE
from fv_benchmark.device.errors import DeviceDiskFull
from fv_benchmark.errors import BadAnswer
from fv_benchmark.targets.ssh.bundle import bundle
from fv_benchmark.targets.ssh.channel import Channel, Heard
from fv_benchmark.targets.ssh.connection import MAX_NOISE_BYTES, Connection
from fv_benchmark.targets.ssh.pythons import RemotePython
from fv_core.text import printable

_SECONDS = 120.0
_PATH = re.compile(r"/[^\x00-\x1f\x7f]{1,400}")
_PLACE = """
import base64, json, os, pathlib
folder = pathlib.Path.home() / CACHE
path = folder / NAME
temporary = folder / (NAME + ".tmp")
try:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("agent-*"):
        old.unlink()
    temporary.write_bytes(base64.b64decode(DATA))
    os.replace(temporary, path)
    said = {"path": str(path)}
except OSError as error:
    said = {"failed": os.strerror(error.errno or 0), "folder": str(folder)}
print("fv-" + TOKEN + json.dumps(said))
"""


def launch(connection: Connection, python: RemotePython) -> Channel:
    """An agent run by that Python; raises `DeviceDiskFull`, `DeviceBusy`, and what `Channel.ask` raises."""
    path = _place(connection, python)
    token = secrets.token_hex(8)
    session = connection.start(f"exec {shlex.quote(python.executable)} {shlex.quote(path)} {token}")
    channel = Channel(connection, session, token)
    try:
        channel.answer(_SECONDS, Heard())
    except BaseException:
        channel.close()
        raise
    return channel


def _place(connection: Connection, python: RemotePython) -> str:
    """Where the agent's file lies now on the device."""
    data, token = bundle(), secrets.token_hex(8)
    words = {
        "CACHE": str(CACHE),
        "NAME": f"agent-{hashlib.sha256(data).hexdigest()[:16]}.pyz",
        "DATA": base64.b64encode(data).decode("ascii"),
        "TOKEN": token,
    }
    program = "".join(f"{name} = {text!r}\n" for name, text in words.items()) + _PLACE
    done = connection.run(f"exec {shlex.quote(python.executable)} -", program, _SECONDS, MAX_NOISE_BYTES)
    _, _, answer = done.stdout.decode("utf-8", errors="replace").partition(f"fv-{token}")
    try:
        said = json.loads(answer)
        if "failed" in said:
            raise DeviceDiskFull(
                f"cannot write to {printable(str(said['folder']))} on {connection.address.host}",
                why=printable(str(said["failed"]), max_characters=200),
            )
        if not _PATH.fullmatch(said["path"]):
            raise ValueError("no path")
    except strict.UNFIT:
        why = printable(done.stderr.strip() or "no answer", max_characters=300)
        raise BadAnswer(f"{connection.address.host} could not be given the measuring program", why=why) from None
    return str(said["path"])
