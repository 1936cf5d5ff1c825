"""A `.keras` file without preprocessing inside, made for −1…1: typed from export to the answer on a photo.

And an operator that has no int8 kernel on the fast path: an island, said in the terminal and in the file.
"""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from fv_cli.main import main
from fv_edge_runtime import Classifier
from fv_edge_runtime.manifest_io import read_manifest
from tests.export import separable

# Of one probability: float files are rounding apart from Keras (docs/findings.md), int8 files steps of 1/256 and more.
FLOAT_EQUAL = 1e-5
INT8_EQUAL = 0.1


@pytest.fixture(scope="module")
def bare() -> keras.Model:
    """`separable`'s classifier without its first layer: it wants (pixel / 127.5) − 1."""
    whole = separable.build()
    x = inputs = keras.Input((separable.SIZE, separable.SIZE, 3))
    for layer in whole.layers[2:]:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.fixture(scope="module")
def folder(bare: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bare")
    bare.save(folder / "bare.keras")
    separable.image_set(folder / "set")
    for number in range(6):
        Image.fromarray(separable.picture(number % 3, 7000 + number)).save(folder / f"{number}.png")
    words = ["export", "bare.keras", "--fp32", "--int8", "--calibration", "set", "--out", "right"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main([*words, "--input-range=-1,1"]) == 0
        assert main(["export", "bare.keras", "--fp32", "--out", "wrong"]) == 0
    return folder


def pictures(folder: Path) -> np.ndarray:
    return np.stack([np.asarray(Image.open(folder / f"{number}.png")) for number in range(6)])


@pytest.mark.parametrize("suffix", ["tflite", "onnx"])
def test_the_files_take_raw_pixels_and_answer_as_the_model_does(suffix: str, folder: Path, bare: keras.Model) -> None:
    batch = pictures(folder)
    expected = np.asarray(bare(batch.astype(np.float32) / 127.5 - 1))
    exact = Classifier(folder / f"right/bare_fp32.{suffix}").probabilities(batch)
    np.testing.assert_allclose(exact, expected, atol=FLOAT_EQUAL)
    small = Classifier(folder / f"right/bare_int8.{suffix}").probabilities(batch)
    np.testing.assert_allclose(small, expected, atol=INT8_EQUAL)
    assert np.array_equal(small.argmax(1), expected.argmax(1))


def test_without_the_range_the_answers_are_others(folder: Path, bare: keras.Model) -> None:
    """Or the test above would prove nothing."""
    batch = pictures(folder)
    expected = np.asarray(bare(batch.astype(np.float32) / 127.5 - 1))
    wrong = Classifier(folder / "wrong/bare_fp32.tflite").probabilities(batch)
    assert np.abs(wrong - expected).max() > 100 * FLOAT_EQUAL


def test_predict_says_the_same_as_the_model(
    folder: Path, bare: keras.Model, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    expected = np.asarray(bare(pictures(folder).astype(np.float32) / 127.5 - 1))
    capsys.readouterr()
    assert main(["predict", "right/bare_int8.tflite", *[f"{number}.png" for number in range(6)], "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert [int(one["top"][0]["label"]) for one in answers] == expected.argmax(1).tolist()


def test_an_operator_without_an_int8_kernel_is_an_island_that_is_reported(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ELU with a factor: named in the terminal with the reason, and in the manifest that travels along."""
    monkeypatch.chdir(folder)
    inputs = keras.Input((separable.SIZE, separable.SIZE, 3))
    x = keras.layers.Conv2D(4, 3, strides=2)(keras.layers.Rescaling(1 / 127.5, offset=-1.0)(inputs))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ELU(alpha=0.5, name="bent")(x))
    keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x)).save(tmp_path / "elu.keras")
    words = ["export", str(tmp_path / "elu.keras"), "--int8", "--format", "tflite", "--calibration", "set"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr()
    reason = "TensorFlow Lite's integer ELU has no factor"
    assert reason in " ".join((said.out + said.err).split())
    manifest = read_manifest(tmp_path / "elu_int8.tflite")
    assert manifest is not None
    assert [tensor.why for tensor in manifest.float_tensors] == [reason]


def test_several_outputs_are_refused_with_what_to_type(
    folder: Path, bare: keras.Model, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    keras.Model(bare.input, [bare.output, keras.layers.Softmax()(bare.output)]).save(folder / "two.keras")
    assert main(["export", "two.keras", "--fp32", "--out", "two"]) == 2
    said = capsys.readouterr().err
    assert "error[not-a-classifier]: two.keras has 2 outputs" in said
    assert "hint: keras.Model(model.input, model.outputs[0])" in said
    assert not (folder / "two").exists()
