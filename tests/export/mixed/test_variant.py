"""Mixed precision inside the export: a fragile network is brought within its target, remembered, kept, and timed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fv_benchmark.gate import Budget
from fv_core.errors import UnknownName
from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from fv_edge_runtime.manifest_io import read_manifest
from fv_export.gate import Gate
from fv_export.mixed.mixable import RESTORED
from fv_export.mixed.options import Mix
from fv_export.mixed.outcome import Answer
from fv_export.pipeline import Exported, ExportOptions, export
from fv_export.schemes import Pair
from tests.export import separable
from tests.export.mixed.searched import without_a_clock

TFLITE, ONNX = Pair("tflite", "int8"), Pair("onnx", "int8")
# One of the 22 pictures that report is 4.5 points.
TARGET = Mix(target_drop_pp=5.0)
# 22 or 23 pictures without a change prove no less than 12.8 points (the rule of three).
PROVABLE = Budget(20.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mixed")


@pytest.fixture(scope="module")
def imageset(folder: Path) -> ImageSet:
    return separable.image_set(folder / "set")


@pytest.fixture(scope="module")
def fragile(folder: Path, imageset: ImageSet) -> Path:
    return separable.run(folder / "fragile", separable.build(fragile=True), imageset)


@pytest.fixture(scope="module")
def sound(folder: Path, imageset: ImageSet) -> Path:
    return separable.run(folder / "sound", separable.build(), imageset)


def exported(run: Path, out: Path, mix: Mix, *pairs: Pair, gate: Gate | None = None) -> Exported:
    return export(ExportOptions(pairs=pairs, source=run, out=out, mix=mix, gate=gate), Silent())


@pytest.mark.slow
@pytest.mark.parametrize("pair", [TFLITE, ONNX], ids=lambda pair: pair.format)
def test_a_network_that_8_bits_destroy_is_brought_within_its_target(
    fragile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: Pair
) -> None:
    without_a_clock(monkeypatch)
    (file,) = exported(fragile, tmp_path, TARGET, pair, gate=Gate(PROVABLE)).files
    assert file.failure is None
    outcome = file.mixed
    assert outcome is not None
    assert outcome.answer is Answer.KEPT
    assert outcome.points[outcome.plain].drop.drop_pp > 20
    # The features that ride on a thousand are to blame, and half of the network is not.
    assert 1 <= len(outcome.restored) < outcome.points[-1].layers
    assert 0 < outcome.point.integer_share <= 1
    assert file.path is not None
    manifest = read_manifest(file.path)
    assert manifest is not None
    assert manifest.drop == outcome.drop
    assert manifest.drop.n == outcome.pictures[1]
    restored = {tensor.name for tensor in manifest.float_tensors if tensor.why == RESTORED}
    assert restored == {one.tensor for one in outcome.restored}
    # The gate, too, judges by the pictures that did not choose.
    assert file.gated is not None
    assert file.gated.drop.n == outcome.pictures[1]


@pytest.mark.slow
def test_a_second_search_computes_nothing_and_finds_the_same(
    fragile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_a_clock(monkeypatch)
    first, second = (exported(fragile, tmp_path, TARGET, TFLITE).files[0] for _ in range(2))
    assert first.mixed is not None
    assert second.mixed is not None
    assert (first.mixed.remembered, second.mixed.computed) == (0, 0)
    assert second.mixed.remembered == first.mixed.computed
    assert second.sha256 == first.sha256


def test_a_network_that_keeps_the_target_stays_as_it_is(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = without_a_clock(monkeypatch)
    plain = exported(sound, tmp_path / "plain", Mix(), TFLITE).files[0]
    assert not asked
    file = exported(sound, tmp_path, TARGET, TFLITE).files[0]
    assert file.mixed is not None
    assert file.mixed.restored == ()
    assert file.float_tensors == plain.float_tensors == ()
    assert file.mixed.point.integer_share == 1.0
    assert len(asked) == 1  # nothing had to be weighed, so the frontier alone was measured


@pytest.mark.parametrize(("ratio", "answer"), [(0.5, Answer.KEPT), (2.0, Answer.BROKEN), (1.0, Answer.CANNOT_TELL)])
def test_a_file_that_is_not_faster_than_float_is_refused_when_asked(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ratio: float, answer: Answer
) -> None:
    without_a_clock(monkeypatch, ratio)
    told = exported(sound, tmp_path / "told", Mix(latency_on="local"), TFLITE).files[0]
    wanted = exported(sound, tmp_path / "wanted", Mix(require_faster=True), TFLITE).files[0]
    assert told.timed is not None
    assert wanted.timed is not None
    assert told.timed.answer is wanted.timed.answer is answer
    assert told.timed.ratio.value == pytest.approx(ratio, rel=0.05)
    assert told.path is not None
    assert (wanted.path is not None) == (answer is Answer.KEPT)


@pytest.mark.parametrize("pair", [TFLITE, ONNX], ids=lambda pair: pair.format)
def test_layers_are_kept_in_float_by_hand(sound: Path, tmp_path: Path, pair: Pair) -> None:
    plain = exported(sound, tmp_path / "plain", Mix(), pair).files[0]
    kept = exported(sound, tmp_path, Mix(keep_float=("depthwise*",)), pair).files[0]
    why = {tensor.name: tensor.why for tensor in kept.float_tensors}
    assert "kept by --keep-float depthwise*" in why.values()
    assert kept.path is not None
    assert kept.sha256 != plain.sha256


def test_a_pattern_that_fits_nothing_is_an_error(sound: Path, tmp_path: Path) -> None:
    file = exported(sound, tmp_path, Mix(keep_float=("deptwise",)), TFLITE).files[0]
    assert isinstance(file.failure, UnknownName)
    assert file.path is None


def test_float_files_go_through_untouched(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_clock(monkeypatch)
    pair = Pair("tflite", "fp32")
    plain = exported(sound, tmp_path / "plain", Mix(), pair).files[0]
    mixed = exported(sound, tmp_path, replace(TARGET, keep_float=("depthwise*",)), pair).files[0]
    assert (mixed.sha256, mixed.mixed, mixed.timed) == (plain.sha256, None, None)
