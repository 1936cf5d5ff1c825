"""Small and read-only file systems for tests; root ignores permissions, so a read-only folder has to be a mount."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def mounted_tmpfs(place: Path, options: str) -> Iterator[Path]:
    """For a fixture: a tmpfs at `place` while the test runs; skips where mounting is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("a mount needs root")
    place.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["/bin/umount", str(place)], check=True)
