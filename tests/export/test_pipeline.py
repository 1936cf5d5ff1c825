"""The export from a run or a file to proven files, on a tiny classifier that separates its pictures."""

from __future__ import annotations

import getpass
import platform
from pathlib import Path

import numpy as np
import pytest

from fv_core.errors import FvError, InputError, MissingPath
from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from fv_edge_runtime import Classifier
from fv_edge_runtime.manifest_io import read_manifest
from fv_export.errors import SchemeRefused, UnsupportedLayer
from fv_export.pictures import BadCalibration
from fv_export.pipeline import Exported, ExportedFile, ExportOptions, export
from fv_export.schemes import Pair, why_not
from fv_export.source import LabelsDoNotFit
from fv_export.variants import FromGraph, Variant
from fv_train.errors import BadRun
from tests.export import separable

ALL = tuple(
    pair
    for scheme in ("fp32", "fp16", "dynamic", "int8", "int16x8")
    for format_name in ("tflite", "onnx")
    if why_not(pair := Pair(format_name, scheme)) is None
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export")


@pytest.fixture(scope="module")
def imageset(folder: Path) -> ImageSet:
    return separable.image_set(folder / "set")


@pytest.fixture(scope="module")
def run(folder: Path, imageset: ImageSet) -> Path:
    return separable.run(folder / "my-run", separable.build(), imageset)


@pytest.fixture(scope="module")
def exported(run: Path, folder: Path) -> Exported:
    return export(ExportOptions(pairs=ALL, source=run, out=folder / "all"), Silent())


def by_pair(exported: Exported, format_name: str, scheme: str) -> ExportedFile:
    return next(file for file in exported.files if file.pair == Pair(format_name, scheme))


def test_every_pair_is_put_in_place_under_its_name(exported: Exported, folder: Path) -> None:
    assert [file.failure for file in exported.files] == [None] * 9
    names = sorted(path.name for path in (folder / "all").iterdir())
    assert names == sorted(f"my-run_{pair.scheme}.{pair.format}" for pair in ALL)


def test_float_files_equal_keras_and_all_files_have_a_measured_drop(exported: Exported) -> None:
    for file in exported.files:
        assert file.verdict is not None
        assert file.verdict.kind == "passed"
        assert file.verdict.n == 45
        assert file.verdict.drop is not None
        if file.pair.scheme == "fp32":
            assert file.verdict.largest_difference is not None
            assert file.verdict.largest_difference <= 1e-4
            assert file.verdict.agreement == 1.0


def test_the_manifest_inside_says_where_the_file_comes_from(exported: Exported, imageset: ImageSet) -> None:
    for file in exported.files:
        assert file.path is not None
        manifest = read_manifest(file.path)
        assert manifest is not None
        assert manifest.labels == separable.CLASSES
        assert manifest.labels_from == "data set"
        assert manifest.preprocess == separable.PREPROCESS
        assert (manifest.format, manifest.scheme) == (file.pair.format, file.pair.scheme)
        assert manifest.drop is not None
        assert manifest.drop.dataset_sha256 == imageset.fingerprint
        assert len(manifest.golden) == 8
        needs = file.pair.scheme in ("int8", "int16x8")
        assert (manifest.calibration is not None) == needs
        if manifest.calibration is not None:
            assert (manifest.calibration.split, manifest.calibration.count) == ("train", 60)


def test_the_golden_answers_are_those_that_the_file_gives(exported: Exported) -> None:
    from fv_core import golden

    for file in exported.files:
        assert file.path is not None
        manifest = read_manifest(file.path)
        assert manifest is not None
        drawn = np.stack([golden.draw(entry.seed, separable.SIZE) for entry in manifest.golden])
        assert [golden.sha256_of(picture) for picture in drawn] == [entry.sha256 for entry in manifest.golden]
        answers = Classifier(file.path).probabilities(drawn)
        stored = np.array([entry.file for entry in manifest.golden])
        assert float(np.abs(answers - stored).max()) <= manifest.golden_tolerance


def test_the_files_answer_the_runtime_as_they_answered_the_proof(exported: Exported, imageset: ImageSet) -> None:
    split = imageset.split("validation")
    for file in exported.files:
        assert file.path is not None
        right = Classifier(file.path).probabilities(np.asarray(split.images)).argmax(axis=1) == split.labels
        assert file.verdict is not None
        assert file.verdict.drop is not None
        assert right.mean() > 0.9


def test_no_file_names_this_machine(exported: Exported, folder: Path) -> None:
    words = [str(folder), platform.node(), str(Path.home())]
    words += [f"/{getpass.getuser()}/"]
    for file in exported.files:
        assert file.path is not None
        data = file.path.read_bytes()
        assert [word for word in words if word and word.encode() in data] == []


def test_the_same_call_writes_the_same_bytes(exported: Exported, run: Path, tmp_path: Path) -> None:
    pairs = (Pair("tflite", "int8"), Pair("onnx", "int8"), Pair("tflite", "fp32"))
    again = export(ExportOptions(pairs=pairs, source=run, out=tmp_path), Silent())
    for file in again.files:
        assert file.sha256 == by_pair(exported, file.pair.format, file.pair.scheme).sha256


def test_a_spoiled_file_is_refused_and_kept_only_when_asked(imageset: ImageSet, tmp_path: Path) -> None:
    fragile = separable.run(tmp_path / "fragile", separable.build(fragile=True), imageset)
    pairs = (Pair("tflite", "int8"), Pair("tflite", "fp32"))
    options = ExportOptions(pairs=pairs, source=fragile, out=tmp_path / "out")
    spoiled, good = export(options, Silent()).files
    assert spoiled.verdict is not None
    assert spoiled.verdict.kind == "refused"
    assert spoiled.path is None
    assert good.path is not None
    kept, _ = export(ExportOptions(**{**options.__dict__, "keep": True}), Silent()).files
    assert kept.path is not None
    assert kept.path.name == "fragile_int8.refused.tflite"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "fragile_fp32.tflite",
        "fragile_int8.refused.tflite",
    ]


def test_one_file_that_cannot_be_made_does_not_stop_the_others(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(FvError):
        code = "broken-on-purpose"

    get = FromGraph.get

    def broken(self: FromGraph, pair: Pair) -> Variant:
        if pair.format == "onnx":
            raise Broken("no pen")
        return get(self, pair)

    monkeypatch.setattr(FromGraph, "get", broken)
    pairs = (Pair("onnx", "fp32"), Pair("tflite", "fp32"))
    failed, made = export(ExportOptions(pairs=pairs, source=run, out=tmp_path), Silent()).files
    assert isinstance(failed.failure, Broken)
    assert failed.path is None
    assert made.path is not None


def keras_file(tmp_path: Path) -> Path:
    path = tmp_path / "theirs.keras"
    separable.build().save(path)
    return path


def test_a_foreign_file_needs_calibration_for_int8_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadCalibration) as caught:
        export(ExportOptions(pairs=(Pair("tflite", "int8"),), source=keras_file(tmp_path)), Silent())
    assert "--calibration" in caught.value.hint


def test_a_foreign_file_gets_numbers_for_labels_and_says_so(tmp_path: Path) -> None:
    exported = export(ExportOptions(pairs=(Pair("tflite", "fp32"),), source=keras_file(tmp_path)), Silent())
    assert "drawn" in exported.verified_on
    path = exported.files[0].path
    assert path == tmp_path / "export" / "theirs_fp32.tflite"
    manifest = read_manifest(path)
    assert manifest is not None
    assert (manifest.labels, manifest.labels_from) == (("0", "1", "2"), "indices")


def test_a_label_file_names_the_classes_and_must_fit(tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\nc\n")
    source = keras_file(tmp_path)
    options = ExportOptions(pairs=(Pair("onnx", "fp32"),), source=source, labels=labels)
    path = export(options, Silent()).files[0].path
    assert path is not None
    manifest = read_manifest(path)
    assert manifest is not None
    assert manifest.labels == ("a", "b", "c")
    labels.write_text("a\nb\n")
    with pytest.raises(LabelsDoNotFit):
        export(options, Silent())


def test_the_input_range_of_a_foreign_model_goes_inside_the_file(tmp_path: Path) -> None:
    import keras

    inner = separable.build()
    inputs = keras.Input((separable.SIZE, separable.SIZE, 3))
    outer = keras.Model(inputs, inner(keras.layers.Rescaling(127.5, offset=127.5)(inputs)))
    path = tmp_path / "ranged.keras"
    outer.save(path)
    pairs = (Pair("tflite", "fp32"), Pair("onnx", "fp32"))
    exported = export(ExportOptions(pairs=pairs, source=path, input_range=(-1.0, 1.0)), Silent())
    batch, labels = separable.pictures(12, first_seed=7000)
    for file in exported.files:
        assert file.path is not None
        assert (Classifier(file.path).probabilities(batch).argmax(axis=1) == labels).mean() > 0.9


def test_an_input_range_for_a_run_is_refused(run: Path) -> None:
    options = ExportOptions(pairs=(Pair("tflite", "fp32"),), source=run, input_range=(-1.0, 1.0))
    with pytest.raises(InputError, match="foreign"):
        export(options, Silent())


def test_an_untrained_model_is_exported_without_a_judgement(tmp_path: Path, imageset: ImageSet) -> None:
    model = separable.build()
    dense = model.layers[-1]
    kernel, bias = dense.get_weights()
    dense.set_weights([kernel * 1e-3, bias * 0])
    path = tmp_path / "untrained.keras"
    model.save(path)
    options = ExportOptions(pairs=(Pair("tflite", "int8"),), source=path, calibration=imageset.folder)
    file = export(options, Silent()).files[0]
    assert file.verdict is not None
    assert file.verdict.kind == "not-measurable"
    assert file.path is not None


def test_a_run_whose_pictures_are_gone_says_so(tmp_path: Path) -> None:
    imageset = separable.image_set(tmp_path / "set")
    folder = separable.run(tmp_path / "run", separable.build(), imageset)
    (tmp_path / "set").rename(tmp_path / "moved")
    with pytest.raises(BadCalibration, match="no longer"):
        export(ExportOptions(pairs=(Pair("tflite", "int8"),), source=folder), Silent())
    assert not (folder / "export").exists()


def test_a_changed_model_and_a_missing_source_are_refused(tmp_path: Path, imageset: ImageSet) -> None:
    folder = separable.run(tmp_path / "run", separable.build(), imageset)
    with (folder / "model.keras").open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(BadRun, match="changed"):
        export(ExportOptions(pairs=(Pair("tflite", "fp32"),), source=folder), Silent())
    with pytest.raises(MissingPath):
        export(ExportOptions(pairs=(Pair("tflite", "fp32"),), source=tmp_path / "none"), Silent())


def test_a_layer_that_fv_does_not_know_goes_through_the_converters_in_float_only(tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((separable.SIZE, separable.SIZE, 3))
    unknown = keras.layers.UpSampling2D(2)(inputs)
    outer = keras.Model(inputs, separable.build()(keras.layers.AveragePooling2D(2)(unknown)))
    path = tmp_path / "unknown.keras"
    outer.save(path)
    pairs = (Pair("tflite", "fp32"), Pair("onnx", "fp32"))
    with pytest.raises(UnsupportedLayer) as caught:
        export(ExportOptions(pairs=pairs, source=path), Silent())
    assert "--via-converter" in caught.value.hint
    exported = export(
        ExportOptions(pairs=(*pairs, Pair("tflite", "dynamic")), source=path, via_converter=True), Silent()
    )
    first, second, third = exported.files
    assert first.path is not None
    assert second.path is not None
    assert isinstance(third.failure, SchemeRefused)
    batch, labels = separable.pictures(12, first_seed=7000)
    assert (Classifier(first.path).probabilities(batch).argmax(axis=1) == labels).mean() > 0.9
