"""Stored answers: exact on the way to disk and back, strict about what they accept."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest

from fv_core.errors import BadPredictions, MissingPath
from fv_core.predictions import Predictions


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def some(n: int = 6, c: int = 4) -> Predictions:
    rng = np.random.default_rng(0)
    return Predictions(
        ids=tuple(f"validation/crème/{k}.jpg" for k in range(n)),
        labels=rng.integers(0, c, n, dtype=np.int32),
        probabilities=rng.dirichlet(np.ones(c), n).astype(np.float32),
        classes=tuple("abcd"[:c]),
        dataset_fingerprint="ab" * 32,
        split="validation",
        model_sha256="cd" * 32,
    )


def test_there_and_back(tmp_path: Path) -> None:
    before = some()
    before.save(tmp_path / "p.npz")
    after = Predictions.load(tmp_path / "p.npz")
    assert (after.ids, after.classes, after.split) == (before.ids, before.classes, before.split)
    assert (after.dataset_fingerprint, after.model_sha256) == (before.dataset_fingerprint, before.model_sha256)
    assert np.array_equal(after.probabilities, before.probabilities)
    assert np.array_equal(after.labels, before.labels)
    assert after.probabilities.dtype == np.float32
    assert names(tmp_path) == ["p.npz"]


def test_equals_are_resolved_by_the_lowest_index_in_both_answers() -> None:
    tied = Predictions(
        ids=("a", "b"),
        labels=np.array([0, 2], np.int32),
        probabilities=np.array([[0.4, 0.4, 0.2], [0.3, 0.3, 0.4]], np.float32),
        classes=("x", "y", "z"),
        dataset_fingerprint="",
        split="test",
        model_sha256="",
    )
    assert tied.answers().tolist() == [0, 2]
    assert tied.correct().tolist() == [True, True]
    assert np.array_equal(tied.correct_in_top(1), tied.correct())
    assert tied.correct_in_top(3).all()
    assert tied.correct_in_top(99).all()


def test_top_k_against_a_plain_loop() -> None:
    predictions = some(50)
    for k in (1, 2, 3):
        expected = [
            int(label) in sorted(range(4), key=lambda c, row=row: (-row[c], c))[:k]
            for label, row in zip(predictions.labels, predictions.probabilities, strict=True)
        ]
        assert predictions.correct_in_top(k).tolist() == expected


def test_shapes_that_do_not_fit_are_refused() -> None:
    good = some()
    with pytest.raises(ValueError, match="6 ids"):
        Predictions(good.ids, good.labels[:5], good.probabilities, good.classes, "", "test", "")
    with pytest.raises(ValueError, match="3 classes"):
        Predictions(good.ids, good.labels, good.probabilities, good.classes[:3], "", "test", "")


def pickled() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, ids=np.array([{"a": 1}], dtype=object), about=np.array([1, 2, 3], dtype=object))
    return stream.getvalue()


@pytest.mark.parametrize(
    "data", [b"", b"no archive", pickle.dumps([1]), pickled(), b"PK\x03\x04" + b"\0" * 50], ids=range(5)
)
def test_damaged_and_pickled_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p.npz").write_bytes(data)
    with pytest.raises(BadPredictions):
        Predictions.load(tmp_path / "p.npz")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    some().save(tmp_path / "p.npz")
    data = (tmp_path / "p.npz").read_bytes()
    for length in range(0, len(data), max(1, len(data) // 64)):
        (tmp_path / "q.npz").write_bytes(data[:length])
        with pytest.raises(BadPredictions):
            Predictions.load(tmp_path / "q.npz")


def test_flipped_bytes_are_refused_or_unseen_but_never_another_error(tmp_path: Path) -> None:
    some().save(tmp_path / "p.npz")
    data = (tmp_path / "p.npz").read_bytes()
    refused = 0
    for place in range(0, len(data), 7):
        (tmp_path / "q.npz").write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            Predictions.load(tmp_path / "q.npz")
        except BadPredictions:
            refused += 1
    assert refused > 10


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingPath):
        Predictions.load(tmp_path / "none.npz")
