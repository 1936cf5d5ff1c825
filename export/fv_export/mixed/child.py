"""Lets model files answer the same pictures, one after the other. Runs in a child process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fv_edge_runtime.classifier import Classifier


def main(job: dict[str, Any]) -> None:
    """Read `inputs` (.npy, (n, H, W, 3) uint8); for each (model, answers) of `files` write (n, C) float32 answers."""
    inputs = np.load(job["inputs"], mmap_mode="r", allow_pickle=False)
    for model, answers in job["files"]:
        # Tried out in a process of its own already: this one.
        found = Classifier(Path(model), probe=False).probabilities(inputs)
        np.save(answers, found.astype(np.float32), allow_pickle=False)
