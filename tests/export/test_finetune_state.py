from __future__ import annotations

from pathlib import Path

import numpy as np

from fv_export.finetune_state import State, load, path_of, save

SETTINGS = {"epochs": "2", "seed": "0"}


def written(folder: Path) -> Path:
    path = path_of(folder, "run", "int8")
    save(path, State(SETTINGS, 7, 0.5, {"0": np.arange(4, dtype=np.float32)}))
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    state = load(written(tmp_path), SETTINGS)
    assert isinstance(state, State)
    assert (state.settings, state.step, state.before) == (SETTINGS, 7, 0.5)
    np.testing.assert_array_equal(state.arrays["0"], np.arange(4, dtype=np.float32))
    assert [path.name for path in tmp_path.iterdir()] == ["run_int8.finetune.npz"]


def test_nothing_there_needs_no_words(tmp_path: Path) -> None:
    assert load(tmp_path / "none.npz", SETTINGS) == ""


def test_other_settings_are_named(tmp_path: Path) -> None:
    assert load(written(tmp_path), {"epochs": "3", "seed": "0"}) == "changed since then: epochs"


def test_a_damaged_state_is_not_used_and_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path)
    for data in (path.read_bytes()[:-40], b"", b"not an archive"):
        path.write_bytes(data)
        reason = load(path, SETTINGS)
        assert isinstance(reason, str)
        assert "cannot be read" in reason
