"""Opens a written file with its runtime and answers on given inputs. Runs in a child process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fv_edge_runtime.classifier import Classifier


def main(question: dict[str, Any]) -> dict[str, object]:
    """Read `inputs` (.npy, (n, H, W, 3) uint8), run `model` on `threads`, write `answers` (.npy, (n, C) float32)."""
    inputs = np.load(question["inputs"], allow_pickle=False)
    classifier = Classifier(Path(question["model"]), threads=question["threads"])
    answers = classifier.probabilities(inputs)
    np.save(question["answers"], answers.astype(np.float32), allow_pickle=False)
    return {"n": len(answers)}
