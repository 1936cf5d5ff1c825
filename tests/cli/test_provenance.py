"""What leaves the machine names no path, user or host of it; and says where it comes from.

The whole way is gone in a folder with a peculiar name, as a peculiar user, and every file that it left is searched.
What may keep a path is the run's own record: where its image set is, to find it again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fv_edge_runtime.manifest_io import read_manifest
from tests.export import separable

MARK = "zyxpeculiar"
# The run's own record: it stays with its image set, and finds it by this path.
KEEPS_PATHS = ("run/manifest.json",)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`run` and `set` of the way, and `out` with what was exported and reported of them."""
    folder = tmp_path_factory.mktemp(f"{MARK}-folder") / f"{MARK}-below"
    folder.mkdir()
    separable.run(folder / "run", separable.build(), separable.image_set(folder / "set"))
    fv(folder, "export", "run", "--fp32", "--int8", "--out", "out/models")
    fv(folder, "evaluate", "run", "--data", "set", "--out", "out/evaluation")
    files = sorted(str(path.relative_to(folder)) for path in (folder / "out/models").glob("*_*.*"))
    reports = ["--json", "out/b.json", "--html", "out/b.html", "--markdown", "out/b.md"]
    fv(folder, "benchmark", *files, "--data", "set", "--against", "run", "--runs", "1", *reports)
    for file in files:
        (folder / "out" / f"{Path(file).name}.inspect.json").write_text(fv(folder, "inspect", file, "--json"))
    return folder


def fv(folder: Path, *words: str) -> str:
    environment = {**os.environ, "HOME": str(folder / f"{MARK}-home"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment |= dict.fromkeys(("USER", "LOGNAME", "HOSTNAME"), f"{MARK}-name")
    command = [sys.executable, "-m", "fv_cli", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def contents(path: Path) -> bytes:
    """The file, and what it holds packed."""
    data = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            data += b"".join(archive.read(name) for name in archive.namelist())
    return data


def words_of_this_machine() -> list[bytes]:
    host = os.uname().nodename
    # A host named like a word of ours would be found everywhere.
    return [MARK.encode(), sys.prefix.encode(), *([host.encode()] if len(host) > 6 else [])]


def test_nothing_that_leaves_the_machine_names_it(folder: Path) -> None:
    searched = [path for path in sorted((folder / "out").rglob("*")) if path.is_file()]
    kinds = {path.suffix for path in searched}
    assert {".tflite", ".onnx", ".json", ".html", ".md", ".csv", ".npz"} <= kinds, kinds
    found = [
        (str(path.relative_to(folder)), word.decode())
        for path in searched
        for word in words_of_this_machine()
        if word in contents(path)
    ]
    assert found == []


def test_of_the_run_only_its_record_may_name_a_place(folder: Path) -> None:
    naming = {
        str(path.relative_to(folder))
        for name in ("run", "set")
        for path in (folder / name).rglob("*")
        if path.is_file() and MARK.encode() in contents(path)
    }
    assert naming <= set(KEEPS_PATHS), naming


def test_a_model_file_says_where_it_comes_from(folder: Path) -> None:
    """ARCHITECTURE's list: digests of source and calibration, versions, scheme, rewrites, drop, golden pictures."""
    exported = [path for path in (folder / "out/models").iterdir() if path.suffix in (".tflite", ".onnx")]
    assert len(exported) == 4
    for path in exported:
        manifest = read_manifest(path)
        assert manifest is not None
        assert len(manifest.source_sha256) == 64
        assert {"fv", "keras", "numpy"} <= set(manifest.versions)
        assert manifest.scheme in path.stem
        assert manifest.rewrites
        assert manifest.drop is not None
        low, high = manifest.drop.ci95_pp
        assert low <= manifest.drop.drop_pp <= high
        assert len(manifest.drop.dataset_sha256) == 64
        assert len(manifest.golden) == 8
        assert all(len(one.sha256) == 64 and one.full and one.file for one in manifest.golden)
        assert manifest.golden_tolerance > 0
        if manifest.scheme == "int8":
            assert manifest.calibration is not None
            assert manifest.calibration.count >= 16
            assert len(manifest.calibration.ids_sha256) == len(manifest.calibration.dataset_sha256) == 64
            # No list of sample ids travels along: digest and count only.
            text = manifest.to_json()
            ids = (folder / "set" / "train.ids.txt").read_text().split()
            assert not any(json.dumps(name) in text for name in ids)
