"""The same recipe under KERAS_BACKEND=jax, in a process that has no TensorFlow: the same losses.

Both backends start from one checkpoint, because their random generators give other starting weights for the same seed.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fv_core.progress import Silent
from fv_train.begin import TrainOptions
from fv_train.loop import train
from tests.train._pictures import imageset, tiny_recipe, with_tiny_backbone

pytest.importorskip("jax", reason="jax is not installed: pip install 'fv[jax]'")

# Two implementations of convolution and normalization in float32, six steps of AdamW apart.
RELATIVE = 2e-3
SETTINGS = ("regularize.dropout=0", "augment.mixup=0.2", "precision.compute=float32")
CHILD = """
import sys
from pathlib import Path

class NoTensorFlow:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            raise ModuleNotFoundError(f"blocked: {name}")

sys.meta_path.insert(0, NoTensorFlow())
from fv_train.begin import TrainOptions
from fv_train.loop import train
from tests.train._pictures import tiny_recipe, with_tiny_backbone

with with_tiny_backbone():
    train(TrainOptions(tiny_recipe(*sys.argv[3:]), Path(sys.argv[1]), Path(sys.argv[2]), resume=True))
assert "tensorflow" not in sys.modules
from fv_train.fitting import memory_errors
assert [kind.__name__ for kind in memory_errors()] == ["MemoryError", "JaxRuntimeError"]
"""


class Stopped(BaseException):
    """Ends the process's work as kill -9 would."""


class StopAtOnce(Silent):
    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        raise Stopped


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with with_tiny_backbone():
        yield


def losses(run: Path) -> list[float]:
    with (run / "history.csv").open(newline="") as stream:
        return [float(row["loss"]) for row in csv.DictReader(stream)]


def test_both_backends_lose_alike(tmp_path: Path) -> None:
    pictures = imageset(tmp_path / "set").folder
    start, tensorflow, jax = (tmp_path / name for name in ("start", "tensorflow", "jax"))
    with pytest.raises(Stopped):
        train(TrainOptions(tiny_recipe(*SETTINGS), pictures, start), StopAtOnce())
    shutil.copytree(start, tensorflow)
    shutil.copytree(start, jax)
    train(TrainOptions(tiny_recipe(*SETTINGS), pictures, tensorflow, resume=True))
    command = [sys.executable, "-c", CHILD, str(pictures), str(jax), *SETTINGS]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert losses(jax) == pytest.approx(losses(tensorflow), rel=RELATIVE)
    assert len(losses(jax)) == 2
    assert (jax / "model.keras").is_file()
    (board,) = (jax / "tensorboard").iterdir()
    assert all(tag in board.read_bytes() for tag in (b"select_top1", b"confusion", b"augmented"))
