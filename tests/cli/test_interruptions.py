"""Ctrl-C and kill -9 in the middle of every long command, typed: one line, no half of an output, no child left behind,
and the same command typed again works.

Ctrl-C goes to the whole process group, as a terminal sends it; kill and kill -9 to the command alone. After kill -9 a
temporary file or folder of ours may stay (its name begins with a dot and says so); the next start removes it or goes on
from it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fv_benchmark.report_file import read_report
from fv_core.imageset import ImageSet
from fv_core.predictions import Predictions
from fv_edge_runtime.classifier import Classifier
from fv_train.run import Run
from tests.edge_runtime import tiny_models
from tests.export import separable
from tests.train._pictures import imageset

# Long enough for a start of TensorFlow on a machine with much else to do.
PATIENCE_S = 120.0
# After Ctrl-C somebody waits at the terminal; after kill -9 a child notices by itself.
ENDS_WITHIN_S = 20.0
# Signal -> exit code and last line.
ENDINGS = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}


class Typed:
    """A command line at work, in a session of its own as a shell gives it; what it says is kept in a file."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.log = folder.parent / "said.txt"
        with self.log.open("wb") as said:
            command = [sys.executable, "-m", "fv_cli", *words]
            self._process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )

    def until(self, moment: str | float) -> None:
        """Wait until it has said `moment`, or for so many seconds from where it listens to signals."""
        deadline = time.monotonic() + PATIENCE_S
        if isinstance(moment, float):
            while not self._listens():
                assert self._process.poll() is None, f"it ended at once: {self.log.read_text()}"
                assert time.monotonic() < deadline, "it never came to its own first line"
                time.sleep(0.01)
            time.sleep(moment)
            return
        while moment not in self.log.read_text(errors="replace"):
            assert self._process.poll() is None, f"it ended without saying {moment!r}: {self.log.read_text()}"
            assert time.monotonic() < deadline, f"it never said {moment!r}"
            time.sleep(0.01)

    def _listens(self) -> bool:
        """Whether it has set its handler of SIGTERM, its first act: on a busy machine Python alone takes seconds."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        caught = int(status.split("SigCgt:")[1].split()[0], 16)
        return bool(caught >> (signal.SIGTERM - 1) & 1)

    def stop(self, how: signal.Signals) -> list[str]:
        """End it, and wait for it and all it has started. Returns the lines that it said."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        if how == signal.SIGINT:
            self._press_ctrl_c()
        else:
            self._process.send_signal(how)
        exit_code = self._process.wait(ENDS_WITHIN_S)
        _, alive = psutil.wait_procs(children, timeout=ENDS_WITHIN_S)
        assert alive == [], "a child outlived its parent"
        lines = self.log.read_text().splitlines()
        if how == signal.SIGKILL:  # nobody is left to keep a half-started worker from complaining
            assert exit_code == -signal.SIGKILL, lines
        else:
            assert (exit_code, lines[-1]) == ENDINGS[how]
            assert "Traceback" not in "\n".join(lines)
        return lines

    def _press_ctrl_c(self) -> None:
        """Python drops an interrupt that meets it in a callback, about one in a hundred while it imports; then it is
        pressed again, as anybody would."""
        for _ in range(3):
            os.killpg(self._process.pid, signal.SIGINT)
            try:
                self._process.wait(3)
            except subprocess.TimeoutExpired:
                if "interrupted" in self.log.read_text():
                    return
            else:
                return

    def to_the_end(self) -> list[str]:
        """Wait until it is done; it must succeed. Returns the lines that it said."""
        assert self._process.wait(PATIENCE_S) == 0, self.log.read_text()
        return self.log.read_text().splitlines()


def visible(folder: Path) -> set[str]:
    """Names in `folder`, without what says of itself that it is temporary."""
    return {entry.name for entry in folder.iterdir() if not is_temporary(entry)}


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*") if is_temporary(path)]


def is_temporary(path: Path) -> bool:
    return path.name.startswith(".") and (".fv-tmp-" in path.name or path.name.endswith(".fv-partial"))


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


BOTH = pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
PREPARE = ("data", "prepare", "builtin:plates", "--out", "set", "--limit", "300", "--workers", "2", "--size", "64")


@BOTH
@pytest.mark.parametrize("moment", [0.4, "prepare train: 0/300"])
def test_data_prepare(here: Path, how: signal.Signals, moment: str | float) -> None:
    typed = Typed(here, *PREPARE)
    typed.until(moment)
    typed.stop(how)
    assert visible(here) == set()
    Typed(here, *PREPARE).to_the_end()
    ImageSet.open(here / "set").verify()
    assert leftovers(here) == []


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `run`, trained on `set`."""
    folder = tmp_path_factory.mktemp("source")
    separable.run(folder / "run", separable.build(), separable.image_set(folder / "set"))
    return folder


@BOTH
@pytest.mark.parametrize("moment", [1.5, "exporting: 0/4"])
def test_export(here: Path, exported: Path, how: signal.Signals, moment: str | float) -> None:
    words = ("export", str(exported / "run"), "--out", "out")
    typed = Typed(here, *words)
    typed.until(moment)
    typed.stop(how)
    for path in (here / "out").glob("*"):
        if not is_temporary(path):
            assert path.suffix in (".tflite", ".onnx"), "the record is written last"
            assert Classifier(path).manifest is not None
    if how == signal.SIGKILL and moment != 1.5:
        Typed(here, *words).to_the_end()
        record = json.loads((here / "out/export.json").read_text())
        assert [file["verdict"] for file in record["files"]] == ["passed"] * 4
        assert leftovers(here) == []


@BOTH
def test_evaluate(here: Path, how: signal.Signals) -> None:
    imageset(here / "set", per_class=3000, size=32)
    words = ("evaluate", "model.tflite", "--data", "set", "--split", "train", "--out", "report")
    tiny_models.with_manifest(tiny_models.float_model(), here / "model.tflite", labels=("red", "green", "blue"))
    typed = Typed(here, *words)
    typed.until("answering train: ")
    typed.stop(how)
    assert visible(here) <= {"set", "model.tflite", "report"}
    assert not (here / "report").exists() or visible(here / "report") == set()
    if how == signal.SIGKILL:
        Typed(here, *words).to_the_end()
        (stored,) = (here / "report").glob("predictions_*.npz")
        assert len(Predictions.load(stored).ids) == 9000


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("moment", [1.0, "measuring: "])
def test_benchmark(here: Path, how: signal.Signals, moment: str | float) -> None:
    tiny_models.with_manifest(tiny_models.float_model(), here / "a.tflite")
    tiny_models.with_manifest(tiny_models.quantized_model(), here / "b.tflite", scheme="int8")
    words = ("benchmark", "a.tflite", "b.tflite", "--json", "out.json", "--html", "out.html", "--runs")
    typed = Typed(here, *words, "40")
    typed.until(moment)
    typed.stop(how)
    assert visible(here) == {"a.tflite", "b.tflite"}
    if how == signal.SIGKILL and moment == 1.0:
        Typed(here, *words, "1").to_the_end()
        assert len(read_report(here / "out.json").results) == 2
        assert visible(here) == {"a.tflite", "b.tflite", "out.json", "out.html"}
        assert leftovers(here) == []


TRAIN = (
    "train", "plates_quick", "--out", "run", "--data", "set",
    "--set", "data.input_size=32", "--set", "data.batch_size=8", "--set", "select.holdout=0.2",
    "--set", "model.alpha=0.25", "--set", "model.minimalistic=true", "--set", "stage.scratch.epochs=200",
)  # fmt: skip


@BOTH
@pytest.mark.parametrize("moment", [1.5, "arithmetic ", "epoch 1/200"])
def test_train(here: Path, how: signal.Signals, moment: str | float) -> None:
    """That a run goes on to its end is in test_train; here it is interrupted where its folder comes into being."""
    imageset(here / "set", per_class=40)
    typed = Typed(here, *TRAIN)
    typed.until(moment)
    lines = typed.stop(how)
    assert visible(here) <= {"set", "run"}
    if (here / "run").exists():
        assert not Run.open_unfinished(here / "run").finished
        assert how == signal.SIGKILL or lines[-2] == f"next: fv {' '.join(TRAIN)} --resume"
    else:
        assert moment != "epoch 1/200"
        assert how == signal.SIGKILL or not any(line.startswith("next: ") for line in lines)


def test_quickstart(here: Path) -> None:
    words = ("quickstart", "--out", "q")
    typed = Typed(here, *words)
    typed.until("prepare train: 0/")
    typed.stop(signal.SIGKILL)
    assert not (here / "q/data/plates").exists()
    typed = Typed(here, *words)
    typed.until("prepare train: 0/")
    assert typed.stop(signal.SIGINT)[-2:] == ["next: fv quickstart --out q", "interrupted"]
    assert visible(here / "q") <= {"data", "lunch.png", "quickstart.json"}
    assert not (here / "q/data/plates").exists()
