"""The layer report on a small network: what is spoiled is named, what is sound is left in peace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_core.errors import MissingPath
from fv_core.progress import Silent
from fv_export.errors import NotComparable
from fv_export.layers import LayerOptions, LayerReport, layer_report
from fv_export.schemes import Pair
from tests.export import separable, spoiled

INT8 = [Pair("tflite", "int8"), Pair("onnx", "int8")]
# The sum over the tensors is of the first order and takes their errors for independent.
PREDICTION_DB = 3.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layers")
    separable.image_set(folder / "set")
    spoiled.saved(folder)
    return folder


def report(folder: Path, model: Path, samples: int = 12) -> LayerReport:
    return layer_report(LayerOptions(model, folder / "full.keras", folder / "set", samples), Silent())


@pytest.mark.parametrize("pair", INT8, ids=str)
@pytest.mark.parametrize("layer", spoiled.WRITES)
def test_a_layer_whose_weights_are_a_hundred_times_too_large_is_named_first(
    layer: str, pair: Pair, folder: Path
) -> None:
    found = report(folder, spoiled.write(folder / "full.keras", folder, pair, spoiled=layer))
    worst = found.tensors[0]
    assert worst.name.startswith(spoiled.WRITES[layer])
    assert worst.reason.kind == "other-weights"
    assert worst.reason.cure == "fv export RUN --int8"
    assert worst.damage > 0.5


@pytest.mark.parametrize("pair", [*INT8, Pair("tflite", "int16x8"), Pair("tflite", "fp32")], ids=str)
def test_a_sound_file_blames_nobody_for_other_weights(pair: Pair, folder: Path) -> None:
    found = report(folder, spoiled.write(folder / "full.keras", folder, pair))
    assert not [one.name for one in found.tensors if one.reason.kind == "other-weights"]
    assert found.agreement == 1.0
    # In ONNX the shift of the picture only moves the zero point: its integers are those of the picture.
    assert [name.split("_")[0] for name in found.unmatched] == (["rescaling"] if pair == Pair("onnx", "int8") else [])
    assert found.notes == ()
    assert sum(one.damage for one in found.tensors) == pytest.approx(1.0)
    assert [one.damage for one in found.tensors] == sorted((one.damage for one in found.tensors), reverse=True)


@pytest.mark.parametrize("pair", INT8, ids=str)
def test_the_errors_of_the_tensors_add_up_to_that_of_the_answer(pair: Pair, folder: Path) -> None:
    found = report(folder, spoiled.write(folder / "full.keras", folder, pair), samples=24)
    assert found.answer_snr_db is not None
    assert found.predicted_snr_db == pytest.approx(found.answer_snr_db, abs=PREDICTION_DB)


def test_every_scheme_is_as_good_as_its_bits(folder: Path) -> None:
    pairs = [Pair("tflite", scheme) for scheme in ("int8", "int16x8", "fp32")]
    snr = [report(folder, spoiled.write(folder / "full.keras", folder, pair)).answer_snr_db for pair in pairs]
    assert all(one is not None for one in snr)
    assert snr == sorted(snr, key=lambda one: one or 0.0)


def test_the_network_can_be_drawn_from_the_report(folder: Path) -> None:
    found = report(folder, spoiled.write(folder / "full.keras", folder, INT8[0]))
    names = {one.name for one in found.tensors}
    assert set(found.order) - names == {found.order[0]}
    # The two gates of hard-swish and the residual sum read two tensors each.
    assert sorted(len(sources) for sources in found.reads.values())[-3:] == [2, 2, 2]
    assert all(source in found.order for sources in found.reads.values() for source in sources)


def test_a_file_of_another_model_is_said_to_be(folder: Path, tmp_path: Path) -> None:
    path = spoiled.write(folder / "full.keras", tmp_path, INT8[0])
    other = spoiled.network()
    weights = other.get_weights()
    other.set_weights([weight + np.float32(1e-3) for weight in weights])
    other.save(tmp_path / "full.keras")
    found = layer_report(LayerOptions(path, tmp_path / "full.keras", folder / "set", 4), Silent())
    assert found.notes == ("the file was not exported from full as it is now: another model's digest stands in it",)


def test_a_file_without_manifest_is_matched_by_name(folder: Path, tmp_path: Path) -> None:
    ours = spoiled.write(folder / "full.keras", tmp_path, Pair("onnx", "fp32"))
    import onnx

    model = onnx.load_model(ours)
    del model.metadata_props[:]
    onnx.save_model(model, tmp_path / "foreign.onnx")
    found = report(folder, tmp_path / "foreign.onnx", samples=4)
    assert found.notes[0].startswith("no file of ours: ")
    assert "matched by name" in found.notes[0]
    assert found.agreement == 1.0
    assert len(found.tensors) >= 5


@pytest.mark.parametrize(("size", "classes", "words"), [(48, 3, "other sizes"), (32, 5, "differ at")])
def test_another_network_cannot_be_compared(size: int, classes: int, words: str, folder: Path, tmp_path: Path) -> None:
    import keras

    image = keras.Input((size, size, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    other = keras.Model(image, keras.layers.Dense(classes, activation="softmax")(pooled))
    other.save(tmp_path / "other.keras")
    path = spoiled.write(folder / "full.keras", folder, INT8[0])
    with pytest.raises(NotComparable, match=words):
        layer_report(LayerOptions(path, tmp_path / "other.keras", folder / "set", 4), Silent())


def test_what_is_not_there_is_an_error(folder: Path) -> None:
    path = spoiled.write(folder / "full.keras", folder, INT8[0])
    options = LayerOptions(path, folder / "full.keras", folder / "set", 4)
    for changes in ({"model": folder / "no.tflite"}, {"full": folder / "no.keras"}):
        with pytest.raises(MissingPath):
            layer_report(replace(options, **changes), Silent())
