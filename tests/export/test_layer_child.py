from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fv_edge_runtime.errors import BadModelFile
from fv_export.layer_child import names_of, store
from fv_export.schemes import Pair
from tests.export import separable, spoiled


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("child")
    spoiled.saved(folder)
    return folder


@pytest.mark.parametrize(("kind", "name"), [("tflite", "first_bn"), ("onnx", "first_bn/stored")])
def test_inner_tensors_are_named_and_stored(kind: str, name: str, folder: Path, tmp_path: Path) -> None:
    model = spoiled.write(folder / "full.keras", tmp_path, Pair(kind, "int8"))
    names = names_of({"model": str(model)})
    assert (names["input"], names["output"]) == ("image", "probabilities")
    assert name in names["tensors"]
    inputs, _ = separable.pictures(2, first_seed=0)
    np.save(tmp_path / "inputs.npy", inputs)
    question = {
        "model": str(model),
        "inputs": str(tmp_path / "inputs.npy"),
        "folder": str(tmp_path),
        "wanted": [name, "probabilities"],
        "input_range": None,
    }
    answer = store(question)
    file, scale, _ = answer["tensors"][name]
    stored = np.load(tmp_path / file)
    assert stored.dtype in (np.int8, np.uint8)
    assert (len(stored), sorted(stored.shape[1:])) == (2, [8, 16, 16])
    assert scale > 0
    assert answer["tensors"]["probabilities"][1] is None
    shares = np.load(tmp_path / answer["tensors"]["probabilities"][0])
    np.testing.assert_allclose(shares.sum(axis=-1), 1.0, atol=1e-4)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"\x00" * 100)
    with pytest.raises(BadModelFile):
        names_of({"model": str(tmp_path / "m.onnx")})
