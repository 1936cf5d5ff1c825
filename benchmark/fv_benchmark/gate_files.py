"""The two files that the gate leaves of each model file: a page for people, and the record of every flipped picture."""

from __future__ import annotations

import json
from pathlib import Path

from fv_benchmark.gate import Gated
from fv_benchmark.gate_record import record
from fv_benchmark.render import gate_html
from fv_core.files import write_text
from fv_core.imageset import ImageSet

# Below the folder of the model files.
FOLDER = "gate"


def write_gate(folder: Path, gated: Gated, imageset: ImageSet) -> Path:
    """Write `NAME.html` and `NAME.json` in `folder`, each whole or not at all; returns the page.

    A name that says folders, to tell two files of one name apart, gets `_` for each `/`.
    """
    name = gated.name.replace("/", "_")
    page = folder / f"{name}.html"
    write_text(page, gate_html.html(gated, imageset))
    write_text(folder / f"{name}.json", json.dumps(record(gated), indent=1, allow_nan=False) + "\n")
    return page
