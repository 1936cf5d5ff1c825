"""Several devices under JAX: `keras.distribution.DataParallel`, in several processes after `jax.distributed`.

XLA compiles one program for the whole batch and divides it among the devices, so that gradients, clipping, batch
statistics, dropout and mixing are those of the whole batch without anything done here. Random numbers are the same too.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import jax
import keras
from numpy.typing import NDArray

from fv_train.distribute.engine import Step
from fv_train.distribute.shards import Shards
from fv_train.distribute.team import Team
from fv_train.precision import Choice


class Spmd:
    """One program over all devices of the team."""

    def __init__(self, team: Team) -> None:
        if team.count > 1:
            _join(team)
        devices, own = jax.device_count(), jax.local_device_count()
        # JAX orders devices by process, so the blocks of a process lie side by side.
        self.shards = Shards(devices, team.index * own, own, one_program=True)
        self.says = f"{devices} devices" + (f" of {team.count} workers" if team.count > 1 else "") + ", jax"
        self._distribution = keras.distribution.DataParallel(auto_shard_dataset=False)

    def scope(self) -> AbstractContextManager[Any]:
        """Variables made inside are on every device."""
        scope: AbstractContextManager[Any] = self._distribution.scope()
        return scope

    def prepare(self, network: keras.Model) -> None:
        """The program's batch is the whole batch."""

    def optimizer(self, kind: Any, *, clipped: bool) -> Any:
        """`kind` itself: the gradients of the program are those of the whole batch."""
        return kind

    def step_of(self, model: keras.Model) -> Step:
        """Keras's own step, which puts each process's part into its place."""

        def step(x: list[NDArray[Any]], y: NDArray[Any]) -> dict[str, Any]:
            with self.scope():
                logs: dict[str, Any] = model.train_on_batch(x, y, return_dict=True)
            return logs

        return step

    def restrict(self, choice: Choice) -> Choice:
        """Everything can be done."""
        return choice


def _join(team: Team) -> None:
    """Meet the other processes at the chief's address, which alone is listened on (JAX's own default is every one)."""
    chief = team.addresses[0]
    jax.distributed.initialize(
        chief,
        num_processes=team.count,
        process_id=team.index,
        cluster_detection_method="deactivate",
        coordinator_bind_address=chief,
    )
