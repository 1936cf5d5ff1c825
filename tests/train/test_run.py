"""Run folders: what is a run, what is a finished one, and which is the newest."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from fv_core.errors import FvError, MissingPath
from fv_core.preprocess import Preprocess
from fv_train.errors import BadRun, UnfinishedRun
from fv_train.run import MANIFEST, Run, RunInfo, newest_run, newest_unfinished, numbered

INFO = RunInfo(
    name="plates-1",
    recipe="plates",
    classes=("a", "ä\x1b[31m"),
    preprocess=Preprocess(64, 0.875, 32),
    dataset_fingerprint="f" * 64,
    dataset_source="builtin:plates",
    dataset_path="../../data/plates",
    selected_on="holdout",
    versions={"keras": "3"},
)


def make(folder: Path, *, finished: bool = True, age_s: int = 0) -> Run:
    folder.mkdir(parents=True)
    run = Run(folder, INFO)
    run.write_info(INFO)
    if finished:
        run.model_path.write_bytes(b"model")
        then = run.model_path.stat().st_mtime - age_s
        os.utime(run.model_path, (then, then))
    return run


def test_what_was_written_is_read(tmp_path: Path) -> None:
    make(tmp_path / "runs" / "plates-1")
    run = Run.open(tmp_path / "runs" / "plates-1")
    assert run.info == INFO
    assert run.finished
    assert run.dataset_path().resolve() == tmp_path / "data" / "plates"


def test_an_absolute_dataset_path_stays_absolute(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    run.write_info(replace(INFO, dataset_path="/data/plates"))
    assert Run.open(run.folder).dataset_path() == Path("/data/plates")


def test_an_unfinished_run_says_how_to_go_on(tmp_path: Path) -> None:
    make(tmp_path / "run", finished=False)
    with pytest.raises(UnfinishedRun) as caught:
        Run.open(tmp_path / "run")
    assert caught.value.hint == f"fv train plates --out {tmp_path / 'run'} --resume"
    assert not Run.open_unfinished(tmp_path / "run").finished


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"schema_version": 2}', '{"schema_version": 1}', '{"schema_version": 1, "x": 1}']
)
def test_a_damaged_manifest_is_one_error(text: str, tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    (run.folder / MANIFEST).write_text(text)
    with pytest.raises(BadRun):
        Run.open(run.folder)


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingPath):
        Run.open(tmp_path / "none")
    with pytest.raises(BadRun):
        Run.open(tmp_path)


def test_a_model_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    with pytest.raises(BadRun):
        run.verify_model()


def test_runs_are_numbered_from_one_and_never_reused(tmp_path: Path) -> None:
    assert numbered(tmp_path / "runs", "plates").name == "plates-1"
    for name in ("plates-1", "plates-10", "plates-x", "plates_quick-30"):
        make(tmp_path / "runs" / name)
    assert numbered(tmp_path / "runs", "plates").name == "plates-11"


def test_the_newest_run_is_the_one_finished_last(tmp_path: Path) -> None:
    make(tmp_path / "b", age_s=50)
    make(tmp_path / "a", age_s=10)
    make(tmp_path / "c", finished=False)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "model.keras").write_bytes(b"no run")
    assert newest_run(tmp_path).folder.name == "a"


def test_without_a_run_the_next_command_is_said(tmp_path: Path) -> None:
    for call in (lambda: newest_run(tmp_path / "runs"), lambda: newest_unfinished(tmp_path, "plates")):
        with pytest.raises(FvError) as caught:
            call()
        assert "fv train" in caught.value.hint


def test_the_newest_unfinished_run_is_the_one_with_the_largest_number(tmp_path: Path) -> None:
    make(tmp_path / "plates-2", finished=False)
    make(tmp_path / "plates-9", finished=False)
    make(tmp_path / "plates-10")
    assert newest_unfinished(tmp_path, "plates").name == "plates-9"


def test_predictions_of_other_pictures_are_another_file(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    paths = {run.predictions_path(sha, split) for sha in ("a" * 64, "b" * 64) for split in ("validation", "test")}
    assert len(paths) == 4
    assert {path.parent for path in paths} == {run.folder / "evaluation"}
