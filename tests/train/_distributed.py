"""A training in a process of its own, with as many devices as asked for; a script.

    python _distributed.py DEVICES IMAGESET OUT [--resume] [KEY=VALUE ...]

`FV_TEAM` = "INDEX ADDRESS,ADDRESS" makes it one worker of several.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def begin(devices: int) -> None:
    """Give the framework `devices` processors; before it computes anything."""
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * devices
        )
    from fv_train.backbones import BACKBONES, Backbone
    from tests.train._pictures import tiny_backbone

    BACKBONES["tiny"] = Backbone(tiny_backbone, ("alpha", "minimalistic"), "these tests")


def main(words: list[str]) -> int:
    from fv_core.errors import FvError
    from fv_train.begin import TrainOptions
    from fv_train.loop import train
    from tests.train._pictures import tiny_recipe

    resume = "--resume" in words
    settings = [word for word in words[3:] if "=" in word]
    options = TrainOptions(tiny_recipe(*settings), Path(words[1]), Path(words[2]), resume)
    try:
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
begin(int(sys.argv[1]))
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
