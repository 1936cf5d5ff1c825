"""A training in a process of its own, with as many devices as asked for; a script.

    python _process.py DEVICES IMAGESET OUT [--resume] [KEY=VALUE ...]

`FV_TEAM` = "INDEX ADDRESS,ADDRESS" makes it one worker of several. What every worker has at its end is written to
OUT.INDEX.npz, because only the chief writes the run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def begin(devices: int) -> None:
    """Give the framework `devices` processors; before it computes anything."""
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * devices
        )
    import numpy as np

    from fv_train import loop
    from fv_train.backbones import BACKBONES, Backbone
    from tests.train._pictures import tiny_backbone

    save = loop._Session._save

    def save_everywhere(session: loop._Session) -> None:
        save(session)
        arrays = session._trainee.arrays()
        np.savez(f"{sys.argv[3]}.{session._team.index}.npz", **arrays)  # type: ignore[arg-type]  # arrays by name

    loop._Session._save = save_everywhere  # type: ignore[method-assign]  # the test's own end
    BACKBONES["tiny"] = Backbone(tiny_backbone, ("alpha", "minimalistic"), "these tests")


def main(words: list[str]) -> int:
    from fv_core.errors import FvError
    from fv_train.begin import TrainOptions
    from fv_train.distribute.cluster import Cluster
    from fv_train.recipe import load_recipe
    from tests.train._tiny import TINY

    resume = "--resume" in words
    settings = [word for word in words[3:] if "=" in word]
    recipe = load_recipe("plates_quick", (*TINY, *settings))
    options = TrainOptions(recipe, Path(words[1]), Path(words[2]), resume)
    try:
        if TEAM:
            from fv_train.distribute.supervise import train_together

            index, addresses = TEAM.split()
            silence_s, join_s = (float(os.environ.get(name, "20")) for name in ("FV_SILENCE_S", "FV_JOIN_S"))
            cluster = Cluster(tuple(addresses.split(",")), int(index), join_s, silence_s)
            train_together(options, cluster, Spoken())
        else:
            from fv_train.loop import train

            train(options, Spoken())
    except FvError as error:
        print(f"error[{error.code}]: {error}\nhint: {error.hint}", flush=True)
        return error.exit_code
    return 0


class Spoken:
    """A progress that prints."""

    def advance(self, task: str, done: int, total: int | None, note: str = "") -> None:
        print(f"step {task}: {done}/{total} {note}", flush=True)

    def say(self, message: str) -> None:
        print(message, flush=True)


sys.path.insert(0, str(ROOT))
TEAM = os.environ.get("FV_TEAM", "")
# The supervisor of a worker computes nothing; the child that it starts imports this file under another name.
if not TEAM or __name__ != "__main__":
    begin(int(sys.argv[1]))
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
