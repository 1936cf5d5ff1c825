"""Reports, image sets and targets of known content, built without measuring anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fv_benchmark.accuracy import Accuracy, measure_accuracy
from fv_benchmark.machine import Machine, Snapshot
from fv_benchmark.models import Model
from fv_benchmark.protocol import Protocol
from fv_benchmark.report import Report
from fv_benchmark.run import Candidate, Findings, Measured, Session, build_report
from fv_benchmark.targets import Block
from fv_core.imageset import Header, ImageSet, Split, content_hash, write_header
from fv_core.predictions import Predictions

CLASSES = ("red", "green", "blue")
QUIET = Snapshot(at_s=0.0, busy_s=0.0, stolen_s=0.0, own_s=0.0, throttle_events=0, load=0.1)
QUIET_AFTER = Snapshot(at_s=10.0, busy_s=9.0, stolen_s=0.0, own_s=9.0, throttle_events=0, load=0.2)


def machine(cpu: str = "Test CPU", governor: str | None = None) -> Machine:
    return Machine(cpu, "x86_64", 2, 8_000_000_000, "Test OS", "Linux 6.1", "3.11.2", governor, None, 0.1, 0.2)


def model(name: str = "food_fp32.tflite", size_bytes: int = 4_000_000) -> Model:
    stem, _, suffix = name.rpartition(".")
    return Model(Path("/models") / name, name, suffix, stem.rpartition("_")[2], "ab" * 32, size_bytes)


def block(samples_ns: tuple[int, ...], *, steady: bool = True) -> Block:
    return Block(2_000_000, 1_500_000, 10, steady, samples_ns, 50_000_000, "ai-edge-litert 2.3.0")


def measured(name: str, median_ms: float, *, rounds: int = 5, calls: int = 40, threads: int = 1) -> Measured:
    """Blocks around a median; the spread of blocks is 1 %, of calls 2 %."""
    random = np.random.default_rng(sum(map(ord, name)))
    blocks = []
    for _ in range(rounds):
        level = 1e6 * median_ms * (1 + 0.01 * (random.random() - 0.5))
        blocks.append(block(tuple(int(level * (1 + 0.02 * random.random())) for _ in range(calls))))
    return Measured(Candidate(model(name), threads), tuple(blocks))


def accuracy(right: int = 80, n: int = 100, lost: int = 0, *, paired: bool = True) -> Accuracy:
    """`right` of `n` pictures right before; of those `lost` wrong now."""
    labels = np.zeros(n, dtype=np.int32)
    full = _predictions(labels, np.arange(n) < right)
    return measure_accuracy(_predictions(labels, np.arange(n) < right - lost), full if paired else None)


def _predictions(labels: np.ndarray, correct: np.ndarray) -> Predictions:
    probabilities = np.where(correct[:, None], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]).astype(np.float32)
    ids = tuple(f"picture/{index}" for index in range(len(labels)))
    return Predictions(ids, labels, probabilities, CLASSES, "fe" * 32, "validation", "ab" * 32)


def report(
    *rows: Measured, accuracies: dict[str, Accuracy] | None = None, after: Snapshot = QUIET_AFTER, cpu: str = "Test CPU"
) -> Report:
    session = Session(rows or (measured("food_fp32.tflite", 2.0), measured("food_int8.tflite", 1.0)), QUIET, after)
    by_path = {Path("/models") / name: one for name, one in (accuracies or {}).items()}
    return build_report(session, Protocol(), machine(cpu), Findings(by_path))


def image_set(folder: Path, per_class: int = 20, size: int = 8) -> ImageSet:
    """Noise with a little more of one colour: a mean-colour model gets most, not all, of it right."""
    random = np.random.default_rng(3)
    labels = np.repeat(np.arange(3), per_class).astype(np.int32)
    images = random.integers(0, 120, size=(len(labels), size, size, 3)).astype(np.uint8)
    images[np.arange(len(labels)), :, :, labels] += 8
    split = Split("validation", images, labels, tuple(f"picture/{index}" for index in range(len(labels))))
    folder.mkdir(parents=True)
    np.save(folder / "validation.images.npy", images)
    np.save(folder / "validation.labels.npy", labels)
    (folder / "validation.ids.txt").write_text("".join(f"{name}\n" for name in split.ids))
    counts = {"validation": len(labels)}
    write_header(folder, Header(CLASSES, size, counts, "folder:x", "rule", (), content_hash(CLASSES, [split])))
    return ImageSet.open(folder)
