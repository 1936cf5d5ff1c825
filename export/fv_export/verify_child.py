"""Opens a written file with its runtime's defaults and answers on given inputs. Runs in a child process."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fv_edge_runtime.classifier import Classifier


def main(question: dict[str, str]) -> dict[str, object]:
    """Read `inputs` (.npy, (n, H, W, 3) uint8), run `model`, write `answers` (.npy, (n, C) float32)."""
    inputs = np.load(question["inputs"], allow_pickle=False)
    classifier = Classifier(Path(question["model"]))
    answers = classifier.probabilities(inputs)
    np.save(question["answers"], answers.astype(np.float32), allow_pickle=False)
    return {"n": len(answers)}
