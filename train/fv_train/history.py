"""The record of a run, epoch by epoch: `history.csv`. TensorBoard shows the same (`board`)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from fv_core.files import write_text
from fv_train.checkpoint import EpochRow


def write_csv(path: Path, rows: Sequence[EpochRow]) -> None:
    """Write all rows, whole or not at all: a resumed run has each epoch once."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [entry.name for entry in fields(EpochRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_text(path, text.getvalue())
