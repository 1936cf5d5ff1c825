from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_export.mixed.ask import Asker, Pictures
from fv_export.mixed.memory import Memory
from fv_export.verify import FileFailed, answers_of_file
from fv_export.write import onnx
from tests.export.mixed.mixtures import annotation, network
from tests.export.small_graphs import SIDE
from tests.export.write.tflite_cases import manifest


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    chance = np.random.default_rng(0)
    inputs = chance.integers(0, 256, (12, SIDE, SIDE, 3)).astype(np.uint8)
    full = chance.dirichlet(np.ones(3), 12).astype(np.float32)
    return Pictures(inputs, full.argmax(axis=1).astype(np.int32), full)


@pytest.fixture(scope="module")
def file() -> bytes:
    graph = network()
    said = replace(manifest("int8"), labels=("red", "green", "blue"))
    return onnx.write(graph, annotation(graph), "int8", said)


def test_a_file_is_asked_once_and_then_remembered(pictures: Pictures, file: bytes, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory")
    with Asker("onnx", pictures, memory) as asker:
        first = asker.damages([file, file])
        path = tmp_path / "file.onnx"
        path.write_bytes(file)
        np.testing.assert_array_equal(asker.answers([file])[0], answers_of_file(path, pictures.inputs))
    with Asker("onnx", pictures, memory) as asker:
        assert asker.damage(file) == first[0] == first[1]
    assert (memory.computed, memory.remembered) == (1, 1)
    assert first[0].lost > 0


def test_other_pictures_are_another_question(pictures: Pictures, file: bytes, tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    fewer = Pictures(pictures.inputs[:6], pictures.labels[:6], pictures.full[:6])
    for each in (pictures, fewer):
        with Asker("onnx", each, memory) as asker:
            asker.damage(file)
    assert (memory.computed, memory.remembered) == (2, 0)
    assert len({pictures.digest(), fewer.digest()}) == 2


def test_a_file_that_does_not_run_is_an_error_and_is_not_remembered(pictures: Pictures, tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    with Asker("onnx", pictures, memory) as asker, pytest.raises(FileFailed):
        asker.damage(b"no model")
    assert memory.computed == 0
