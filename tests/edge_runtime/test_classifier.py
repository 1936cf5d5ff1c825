from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fv_edge_runtime
from fv_core.errors import BadManifest, BadPicture, MissingPath
from fv_core.preprocess import Preprocess, decode
from fv_edge_runtime import Classifier
from fv_edge_runtime.classifier import most_probable
from fv_edge_runtime.errors import (
    BadInputRange,
    BadModelFile,
    LabelCount,
    LabelsMissing,
    NotProbabilities,
    UnknownFormat,
    UnsupportedModel,
)
from tests.edge_runtime.tiny_models import (
    GAIN,
    LABELS,
    SIZE,
    Tensor,
    float_model,
    quantized_model,
    with_archive,
    with_manifest,
)

# A mean of 64 pixels, a product and a softmax, in float32.
FLOAT32_ROUNDING = 1e-6
# One step of a uint8 or int8 output of scale 1/256.
OUTPUT_STEP = 1 / 256
OURS = ["float.tflite", "int8.tflite", "float.onnx"]
FOREIGN = ["foreign.tflite", "foreign_uint8.tflite", "foreign_int8.tflite", "foreign.onnx", "channels_first.onnx"]


def expected(picture: Path) -> np.ndarray:
    logits = decode(picture).mean(axis=(0, 1)) * GAIN
    shares = np.exp(logits - logits.max())
    return np.asarray(shares / shares.sum(), dtype=np.float32)


@pytest.mark.parametrize("name", OURS + FOREIGN)
@pytest.mark.parametrize("colour", LABELS)
def test_every_kind_of_file_answers_as_computed_by_hand(name: str, colour: str, models: Path, pictures: Path) -> None:
    classifier = Classifier(models / name, labels=LABELS)
    answers = dict(classifier.classify(pictures / f"{colour}.png"))
    tolerance = OUTPUT_STEP if "int8" in name else FLOAT32_ROUNDING
    for label, share in zip(LABELS, expected(pictures / f"{colour}.png"), strict=True):
        assert answers[label] == pytest.approx(share, abs=tolerance)


def test_our_file_needs_nothing_else(models: Path, pictures: Path) -> None:
    classifier = Classifier(str(models / "float.tflite"))
    assert classifier.labels == LABELS
    assert classifier.manifest is not None
    assert classifier.preprocess == classifier.manifest.preprocess
    assert classifier.input_size == SIZE
    top = classifier.classify(str(pictures / "green.png"), top=1)
    assert [label for label, _ in top] == ["green"]


def test_a_path_bytes_and_pixels_give_the_same(models: Path, pictures: Path) -> None:
    classifier = Classifier(models / "float.tflite")
    path = pictures / "blue.png"
    answers = classifier.classify(path)
    assert classifier.classify(path.read_bytes()) == answers
    assert classifier.classify(decode(path)) == answers


def test_labels_and_preprocess_that_are_given_go_first(models: Path, pictures: Path) -> None:
    chain = Preprocess(store_size=2 * SIZE, crop_fraction=0.5, input_size=SIZE)
    classifier = Classifier(models / "float.tflite", labels=["a", "b", "c"], preprocess=chain)
    assert classifier.preprocess == chain
    assert classifier.classify(pictures / "red.png", top=1)[0][0] == "a"


def test_a_foreign_file_takes_the_centre_square(models: Path) -> None:
    classifier = Classifier(models / "foreign.tflite", labels=LABELS)
    assert classifier.manifest is None
    assert classifier.preprocess == Preprocess(store_size=SIZE, crop_fraction=1.0, input_size=SIZE)


def test_labels_inside_a_foreign_file_are_used(tmp_path: Path) -> None:
    path = with_archive(float_model().to_bytes(), tmp_path / "m.tflite", {"labels.txt": b"x\ny\nz\n"})
    assert Classifier(path).labels == ("x", "y", "z")


def test_without_labels_the_error_names_the_option(models: Path) -> None:
    with pytest.raises(LabelsMissing) as caught:
        Classifier(models / "foreign.tflite")
    assert "--labels" in caught.value.hint


@pytest.mark.parametrize("labels", [[], ["a"], ["a", "b"], ["a", "b", "c", "d"]])
def test_labels_of_another_count_are_refused(labels: list[str], models: Path) -> None:
    with pytest.raises(LabelCount):
        Classifier(models / "float.tflite", labels=labels)


def test_a_manifest_that_contradicts_its_model_is_refused(tmp_path: Path) -> None:
    wrong_labels = with_manifest(float_model(), tmp_path / "labels.tflite", labels=("a", "b"))
    with pytest.raises(LabelCount):
        Classifier(wrong_labels)
    wrong_size = with_manifest(float_model(), tmp_path / "size.tflite", preprocess=Preprocess(16, 1.0, 16))
    with pytest.raises(BadManifest):
        Classifier(wrong_size)


def test_an_input_range_is_for_foreign_files(models: Path, pictures: Path) -> None:
    scaled = Classifier(models / "foreign.onnx", labels=LABELS, input_range=(0.0, 16.0))
    plain = Classifier(models / "foreign.onnx", labels=LABELS)
    logits = decode(pictures / "red.png").mean(axis=(0, 1)) * 16 / 255 * GAIN
    wanted = np.exp(logits) / np.exp(logits).sum()
    assert scaled.classify(pictures / "red.png")[0][1] == pytest.approx(wanted.max(), abs=FLOAT32_ROUNDING)
    assert plain.classify(pictures / "red.png")[0][1] > wanted.max() + 0.1
    with pytest.raises(BadInputRange):
        Classifier(models / "float.onnx", input_range=(0.0, 1.0))
    with pytest.raises(BadInputRange):
        Classifier(models / "foreign.onnx", labels=LABELS, input_range=(1.0, 0.0))


def test_a_batch_is_one_inference_each(models: Path) -> None:
    classifier = Classifier(models / "int8.tflite")
    rng = np.random.default_rng(0)
    batch = rng.integers(0, 256, (5, SIZE, SIZE, 3), dtype=np.uint8)
    answers = classifier.probabilities(batch)
    assert (answers.shape, answers.dtype) == ((5, 3), np.float32)
    for pixels, answer in zip(batch, answers, strict=True):
        np.testing.assert_array_equal(classifier.probabilities(pixels[None])[0], answer)
    assert classifier.probabilities(batch[:0]).shape == (0, 3)


def test_network_inputs_of_another_shape_or_type_are_a_mistake(models: Path) -> None:
    classifier = Classifier(models / "float.tflite")
    for batch in (np.zeros((1, SIZE, SIZE, 3), np.float32), np.zeros((1, SIZE, SIZE + 1, 3), np.uint8)):
        with pytest.raises(ValueError, match="network inputs"):
            classifier.probabilities(batch)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_pixels_that_are_no_picture_are_refused(shape: tuple[int, ...], models: Path) -> None:
    with pytest.raises(BadPicture):
        Classifier(models / "float.tflite").classify(np.zeros(shape, np.uint8))


def test_equal_probabilities_stand_in_the_order_of_the_labels() -> None:
    shares = np.array([0.2, 0.3, 0.2, 0.3], dtype=np.float32)
    assert [label for label, _ in most_probable("abcd", shares, 3)] == ["b", "d", "a"]
    assert len(most_probable("abcd", shares, 99)) == 4
    with pytest.raises(ValueError, match="at least 1"):
        most_probable("abcd", shares, 0)


def test_logits_are_not_called_probabilities(models: Path, pictures: Path) -> None:
    with pytest.raises(NotProbabilities):
        Classifier(models / "logits.onnx", labels=LABELS).classify(pictures / "red.png")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "random.tflite").write_bytes(rng.bytes(4096))
    (tmp_path / "random.onnx").write_bytes(rng.bytes(4096))
    (tmp_path / "model.keras").write_bytes(b"PK")
    (tmp_path / "swapped.onnx").write_bytes(float_model().to_bytes())
    for name, kind in (
        ("none.tflite", MissingPath),
        (".", MissingPath),
        ("random.tflite", BadModelFile),
        ("random.onnx", BadModelFile),
        ("swapped.onnx", BadModelFile),
        ("model.keras", UnknownFormat),
    ):
        with pytest.raises(kind):
            Classifier(tmp_path / name, labels=LABELS)


def test_more_than_one_input_or_output_and_foreign_operators_are_refused(tmp_path: Path) -> None:
    two_outputs = float_model()
    two_outputs.outputs = [3, 2]
    two_inputs = float_model()
    two_inputs.tensors.append(Tensor("second", (1, 3)))
    two_inputs.inputs = [0, 4]
    custom = quantized_model()
    custom.operators[2] = ("CUSTOM:Mystery", [3], [4])
    flex = quantized_model()
    flex.operators[2] = ("CUSTOM:FlexErf", [3], [4])
    for model in (two_outputs, two_inputs, custom, flex):
        (tmp_path / "m.tflite").write_bytes(model.to_bytes())
        with pytest.raises(UnsupportedModel):
            Classifier(tmp_path / "m.tflite", labels=LABELS)


def test_opening_and_asking_writes_nothing(models: Path, pictures: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in OURS:
        Classifier(models / name).classify(pictures / "red.png")
    assert capfd.readouterr() == ("", "")


def test_the_package_shows_its_classifier_and_nothing_that_is_not_there() -> None:
    assert fv_edge_runtime.__all__ == ["Classifier"]
    with pytest.raises(AttributeError, match="Klassifier"):
        fv_edge_runtime.Klassifier  # noqa: B018 - the access is the test
