"""Any Linux board that one can log in to: `ssh://USER@HOST[:PORT]`, measured by the protocol of this machine.

    address → connection (the user's ssh) → pythons, needs, provide → launch (the agent) → transfer → measure, answers

Nothing the user gave reaches a shell on the device, and nothing the device says is believed before it is checked.
"""

from __future__ import annotations

from fv_benchmark.targets import TargetKind, TargetOptions
from fv_benchmark.targets.ssh.address import SYNTAX, parse_address
from fv_benchmark.targets.ssh.target import SshTarget


def _make(text: str, options: TargetOptions) -> SshTarget:
    return SshTarget(text, parse_address(text), options)


TARGET = TargetKind(SYNTAX, _make)
