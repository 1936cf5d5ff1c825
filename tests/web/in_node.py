"""One job for `page_jobs.mjs`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

JOBS = Path(__file__).with_name("page_jobs.mjs")


class NodeSays(Exception):
    """What a page's module threw."""


def in_node(what: str, **job: Any) -> Any:
    """The answer; raises `NodeSays` for what the module throws, skips where there is no Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node to run the pages' JavaScript")
    text = json.dumps({"what": what, **job})
    done = subprocess.run([node, str(JOBS)], input=text, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise NodeSays(done.stderr)
    return json.loads(done.stdout)
