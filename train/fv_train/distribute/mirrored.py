"""Several devices under TensorFlow: MirroredStrategy in one process, MultiWorkerMirroredStrategy in several.

Each device has a copy of every variable and gets a part of the batch. What has to be done so that the result is that of
one device (each found by comparing with one, docs/findings.md):

- Keras divides the loss by the number of devices and adds the gradients up, but clips each device's gradients before:
  `_Summed` adds first.
- BatchNormalization takes the statistics of the device's part unless it is told otherwise: `prepare`.
- Keras 3.15's `train_on_batch` gives the whole batch to every device, and the reduction of its logs fails under
  MultiWorkerMirroredStrategy: `step` calls the model's `train_step` on every device itself.

Dropout draws on every device from the same seed, so its masks are not those of one device. XLA does not compile the
collective operations of tf.distribute; float16's loss scale is kept by each device for itself. Both are refused.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf
from numpy.typing import NDArray

from fv_train.backbones import batch_norms
from fv_train.distribute.engine import Step
from fv_train.distribute.shards import Shards
from fv_train.distribute.team import Team
from fv_train.errors import CannotDistribute
from fv_train.precision import Choice


class Mirrored:
    """tf.distribute over the local devices, and over those of the team."""

    def __init__(self, team: Team, *, asked_for_xla: bool) -> None:
        if asked_for_xla:
            raise CannotDistribute(
                "XLA cannot compile a step that TensorFlow distributes",
                why="its collective operations run outside of XLA",
                hint="--set precision.jit=auto, or KERAS_BACKEND=jax",
            )
        self._strategy = _strategy(team)
        devices = self._strategy.num_replicas_in_sync
        own = devices // team.count
        self.shards = Shards(devices, team.index * own, own)
        self.says = f"{devices} devices" + (f" of {team.count} workers" if team.count > 1 else "") + ", tf.distribute"

    def scope(self) -> AbstractContextManager[Any]:
        """The strategy's scope."""
        scope: AbstractContextManager[Any] = self._strategy.scope()
        return scope

    def prepare(self, network: keras.Model) -> None:
        """Statistics over all devices in every BatchNormalization that learns."""
        for layer in batch_norms(network):
            layer.synchronized = layer.trainable

    def optimizer(self, kind: Any, *, clipped: bool) -> Any:
        """`kind`, which adds gradients up before it clips them."""
        return _summed(kind) if clipped else kind

    def step_of(self, model: keras.Model) -> Step:
        """Keras's `train_step` on every device, each with its block."""
        strategy = self._strategy

        def everywhere(data: Any) -> dict[str, Any]:
            logs = strategy.run(model.train_step, args=(data,))
            # Each device's metrics are means over blocks of equal size.
            return {name: strategy.reduce("MEAN", value, axis=None) for name, value in logs.items()}

        compiled = tf.function(everywhere)

        def step(x: list[NDArray[Any]], y: NDArray[Any]) -> dict[str, float]:
            # Makes the metrics' variables, as `train_on_batch` does; they cannot be made on the devices.
            model._maybe_symbolic_build(data_batch=(x, y, None))
            model.reset_metrics()
            logs = compiled(([self._divided(array) for array in x], self._divided(y)))
            return {name: float(value) for name, value in logs.items()}

        return step

    def restrict(self, choice: Choice) -> Choice:
        """No XLA; float32 in place of float16."""
        why = choice.why
        if choice.compute == "mixed_float16":
            why += "; float32, because float16 cannot be distributed"
        compute = "float32" if choice.compute == "mixed_float16" else choice.compute
        return replace(choice, compute=compute, jit=False, why=why)

    def _divided(self, array: NDArray[Any]) -> Any:
        """One block for each of this process's devices."""
        size = len(array) // self.shards.own

        def block(context: Any) -> Any:
            start = (context.replica_id_in_sync_group - self.shards.first) * size
            return tf.constant(array[start : start + size])

        return self._strategy.experimental_distribute_values_from_function(block)


def _strategy(team: Team) -> Any:
    """The local devices, GPUs before processors; with others, one server of the framework in each process."""
    if team.count == 1:
        return tf.distribute.MirroredStrategy(keras.distribution.list_devices())
    cluster = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(team.addresses)}), task_type="worker", task_id=team.index, rpc_layer="grpc"
    )
    return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=cluster)


def _summed(kind: Any) -> Any:
    class Summed(kind):  # type: ignore[misc]  # keras has no type information
        def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
            devices = tf.distribute.get_replica_context()
            return super().apply(devices.all_reduce(tf.distribute.ReduceOp.SUM, grads), trainable_variables)

        def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
            # Keras adds up here, after clipping: they are sums already.
            return grads_and_vars

    return Summed
