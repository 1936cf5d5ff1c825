from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fv_edge_runtime.errors import BadModelFile
from fv_edge_runtime.tflite_metadata_file import read_tflite_metadata
from fv_export.write.tflite_metadata import model_metadata
from tests.edge_runtime.tiny_models import SIZE, manifest


def written() -> bytes:
    return model_metadata("tiny", manifest(), (1, SIZE, SIZE, 3), integer=True)


def test_what_the_writer_wrote_is_read_back() -> None:
    found = read_tflite_metadata(memoryview(written()), 3)
    assert (found.standard, found.label_count) == ("TFLite Metadata", 3)
    assert found.entries == (
        ("name", "tiny"),
        ("file", "fv_manifest.json (descriptions)"),
        (
            "input",
            "image: RGB picture, bytes from 0 to 255; RGB; 8 x 8 pixels; normalized (x - 0) / 1; values from 0 to 255",
        ),
        ("output", "probabilities: probability of each label; values from 0 to 1"),
        ("file", "labels.txt (labels)"),
    )


def test_other_bytes_are_said_to_be_damaged() -> None:
    found = read_tflite_metadata(memoryview(b"\x00" * 40), None)
    assert found.entries == (("damaged", "bytes 4 to 8 are not M001"),)


def test_bytes_changed_at_random_are_read_or_refused(tmp_path: Path) -> None:
    data, chance = written(), np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        changed = bytearray(data)
        changed[int(chance.integers(8, len(data)))] = int(chance.integers(256))
        try:
            read_tflite_metadata(memoryview(bytes(changed)), None)
        except BadModelFile:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_metadata_that_is_cut_is_refused(share: float) -> None:
    data = written()
    with pytest.raises(BadModelFile):
        read_tflite_metadata(memoryview(data[: int(share * len(data))]), None)
