"""The accuracy gate inside the export: what it asks, what it lets pass, and what the file says of it afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fv_benchmark.accuracy import columns
from fv_benchmark.errors import ClassesDiffer
from fv_benchmark.gate import Budget, Decision
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_core.progress import Silent
from fv_edge_runtime.manifest_io import read_manifest
from fv_export import gate
from fv_export.errors import GateWithoutPictures
from fv_export.gate import Gate, drop_of, gatekeeper_for
from fv_export.pictures import from_split
from fv_export.pipeline import Exported, ExportedFile, ExportOptions, export
from fv_export.schemes import Pair
from fv_export.source import Source, open_source
from fv_train.run import predictions_name
from tests.export import separable

INT8, FP32 = Pair("tflite", "int8"), Pair("tflite", "fp32")
# 45 pictures without a change have an upper bound of 6.4 points; the fragile model's int8 file loses far more than 20.
PROVABLE, REFUSED, UNDECIDED = 7.0, 20.0, 1.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate")


@pytest.fixture(scope="module")
def imageset(folder: Path) -> ImageSet:
    return separable.image_set(folder / "set")


@pytest.fixture(scope="module")
def run(folder: Path, imageset: ImageSet) -> Path:
    return separable.run(folder / "sound", separable.build(), imageset)


@pytest.fixture(scope="module")
def fragile(folder: Path, imageset: ImageSet) -> Path:
    return separable.run(folder / "fragile", separable.build(fragile=True), imageset)


@pytest.fixture(scope="module")
def source(run: Path) -> Source:
    return open_source(run, None, None, None)


def judged(
    run: Path, out: Path, budget_pp: float, pairs: tuple[Pair, ...] = (INT8,), *, keep: bool = False
) -> Exported:
    return export(ExportOptions(pairs, source=run, out=out, keep=keep, gate=Gate(Budget(budget_pp))), Silent())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def only(exported: Exported) -> ExportedFile:
    (file,) = exported.files
    assert file.gated is not None
    return file


def test_a_file_that_keeps_the_promise_is_put_in_place_and_says_so(
    run: Path, imageset: ImageSet, tmp_path: Path
) -> None:
    file = only(judged(run, tmp_path, PROVABLE))
    assert file.gated is not None
    assert file.gated.decision is Decision.PASSES
    assert file.path == tmp_path / "sound_int8.tflite"
    manifest = read_manifest(file.path)
    assert manifest is not None
    assert manifest.drop == drop_of(file.gated)
    assert manifest.drop is not None
    assert (manifest.drop.n, manifest.drop.split) == (45, "validation")
    assert manifest.drop.dataset_sha256 == imageset.fingerprint


def test_a_file_that_cannot_be_told_stays_out_unless_it_is_kept(run: Path, tmp_path: Path) -> None:
    file = only(judged(run, tmp_path / "out", UNDECIDED))
    assert file.gated is not None
    assert file.gated.decision is Decision.CANNOT_TELL
    assert file.gated.needed is not None
    assert file.path is None
    assert names(tmp_path / "out") == []
    kept = only(judged(run, tmp_path / "kept", UNDECIDED, keep=True))
    assert names(tmp_path / "kept") == ["sound_int8.refused.tflite"]
    assert kept.path is not None
    manifest = read_manifest(kept.path)
    assert manifest is not None
    assert kept.gated is not None
    assert manifest.drop == drop_of(kept.gated)


def test_each_file_of_a_call_is_judged_for_itself(fragile: Path, tmp_path: Path) -> None:
    exported = judged(fragile, tmp_path, REFUSED, (INT8, FP32))
    decisions = [file.gated.decision for file in exported.files if file.gated]
    assert decisions == [Decision.REFUSES, Decision.PASSES]
    assert names(tmp_path) == ["fragile_fp32.tflite"]


def test_a_budget_above_the_usual_limit_goes_before_it(fragile: Path, tmp_path: Path) -> None:
    within = only(judged(fragile, tmp_path, 99.0))
    assert within.verdict is not None
    assert "points of top-1" not in within.verdict.why


def test_without_a_gate_nothing_is_asked(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate.Gatekeeper, "ask", lambda *_: pytest.fail("asked"))
    exported = export(ExportOptions((FP32,), source=run, out=tmp_path), Silent())
    assert (exported.files[0].gated, exported.judged_on) == (None, None)


def test_the_full_model_is_asked_about_the_whole_split(source: Source, imageset: ImageSet) -> None:
    keeper = gatekeeper_for(Gate(Budget(1.0)), source, None, Silent())
    split = imageset.split("validation")
    assert keeper.full.ids == split.ids
    expected = np.asarray(source.model.predict(np.asarray(split.images, dtype=np.float32), verbose=0))
    # Batches of another size may be summed in another order.
    assert np.allclose(keeper.full.probabilities, expected, atol=1e-5)
    assert keeper.full.model_sha256 == source.sha256


def test_classes_in_another_order_are_matched_by_name(source: Source, folder: Path) -> None:
    turned = turned_set(folder / "turned")
    keeper = gatekeeper_for(Gate(Budget(1.0), turned.folder), source, None, Silent())
    assert keeper.full.classes == turned.classes == separable.CLASSES[::-1]
    assert keeper.full.correct().mean() > 0.9
    assert list(columns(source.labels, turned.classes)) == [2, 1, 0]


def test_answers_that_the_run_kept_are_used_only_where_they_are_about_this_model(run: Path, source: Source) -> None:
    keeper = gatekeeper_for(Gate(Budget(1.0)), source, None, Silent())
    path = run / "evaluation" / predictions_name(keeper.full.dataset_fingerprint, "validation")
    marked = replace(keeper.full, probabilities=np.roll(keeper.full.probabilities, 1, axis=1))
    marked.save(path)
    try:
        kept = gatekeeper_for(Gate(Budget(1.0)), source, None, Silent()).full
        assert np.array_equal(kept.probabilities, marked.probabilities)
        replace(marked, model_sha256="00" * 32).save(path)
        asked = gatekeeper_for(Gate(Budget(1.0)), source, None, Silent()).full
        assert np.array_equal(asked.probabilities, keeper.full.probabilities)
    finally:
        path.unlink()


def test_pictures_that_set_the_ranges_are_no_fair_judges(source: Source, imageset: ImageSet) -> None:
    def doubts(split: str) -> tuple[str, ...]:
        calibration = from_split(imageset, split, 20, source.preprocess)
        keeper = gatekeeper_for(Gate(Budget(1.0)), source, calibration, Silent())
        return keeper._doubts

    assert doubts("train") == ()
    assert "flatters" in doubts("validation")[0]


def test_without_labelled_pictures_there_is_no_gate(tmp_path: Path, source: Source, imageset: ImageSet) -> None:
    orphan = replace(source, imageset=None, imageset_missing="it is gone")
    with pytest.raises(GateWithoutPictures, match="it is gone") as caught:
        gatekeeper_for(Gate(Budget(1.0)), orphan, None, Silent())
    assert "--data" in caught.value.hint
    with pytest.raises(ClassesDiffer):
        gatekeeper_for(Gate(Budget(1.0)), replace(source, labels=("a", "b", "c")), None, Silent())
    empty = emptied(imageset, tmp_path / "empty")
    with pytest.raises(GateWithoutPictures, match="empty"):
        gatekeeper_for(Gate(Budget(1.0), empty), source, None, Silent())


def emptied(imageset: ImageSet, folder: Path) -> Path:
    """The image set with a validation split of no pictures."""
    folder.mkdir()
    for path in imageset.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    header = json.loads((folder / "imageset.json").read_text())
    header["counts"]["validation"] = 0
    (folder / "imageset.json").write_text(json.dumps(header))
    np.save(folder / "validation.images.npy", np.zeros((0, separable.SIZE, separable.SIZE, 3), dtype=np.uint8))
    np.save(folder / "validation.labels.npy", np.zeros(0, dtype=np.int32))
    (folder / "validation.ids.txt").write_text("")
    return folder


def turned_set(folder: Path) -> ImageSet:
    """The same pictures under class names in the opposite order."""
    made = separable.image_set(folder)
    header = json.loads((folder / "imageset.json").read_text())
    header["classes"] = header["classes"][::-1]
    (folder / "imageset.json").write_text(json.dumps(header))
    for split in made.split_names():
        labels = np.load(folder / f"{split}.labels.npy")
        np.save(folder / f"{split}.labels.npy", (len(separable.CLASSES) - 1 - labels).astype(np.int32))
    return ImageSet.open(folder)


def test_the_keeper_judges_any_file(run: Path, source: Source, tmp_path: Path) -> None:
    made = export(ExportOptions((INT8,), source=run, out=tmp_path), Silent()).files[0]
    assert made.path is not None
    keeper = gatekeeper_for(Gate(Budget(PROVABLE)), source, None, Silent())
    found = keeper.judge(made.path, "candidate 1")
    assert (found.name, found.decision) == ("candidate 1", Decision.PASSES)
    assert isinstance(keeper.ask(made.path, "again"), Predictions)
