"""What the training loop asks of the framework that distributes it, and the engine of one device.

`engine_for` chooses: one device unless the recipe says `distribute = "data_parallel"`; then `mirrored` under TensorFlow
and `spmd` under JAX, over all local devices and those of the team's other processes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Protocol, TypeAlias

import keras
from numpy.typing import NDArray

from fv_train.distribute.shards import Shards
from fv_train.distribute.team import Team
from fv_train.errors import CannotDistribute, TeamMismatch
from fv_train.precision import Choice
from fv_train.recipe import Recipe

Step: TypeAlias = Callable[[list[NDArray[Any]], NDArray[Any]], dict[str, Any]]


class Engine(Protocol):
    """`shards`: this process's part of each batch. `says`: the devices, in words; empty for one device."""

    shards: Shards
    says: str

    def scope(self) -> AbstractContextManager[Any]:
        """Networks and optimizers that are distributed are built and trained inside."""

    def prepare(self, network: keras.Model) -> None:
        """Have the network's batch statistics taken over the whole batch; called before the step is compiled."""

    def optimizer(self, kind: Any, *, clipped: bool) -> Any:
        """The optimizer class `kind`, clipping gradients of the whole batch."""

    def step_of(self, model: keras.Model) -> Step:
        """One step of a model that is compiled: this process's part of the batch -> metrics of the whole batch."""

    def restrict(self, choice: Choice) -> Choice:
        """The nearest choice of arithmetic that the engine can do; raises `CannotDistribute` for what was ordered."""


class OneDevice:
    """No distribution: Keras as it is."""

    shards = Shards()
    says = ""

    def scope(self) -> AbstractContextManager[Any]:
        """Nothing to enter."""
        return nullcontext()

    def prepare(self, network: keras.Model) -> None:
        """The batch of the device is the whole batch."""

    def optimizer(self, kind: Any, *, clipped: bool) -> Any:
        """`kind` itself."""
        return kind

    def step_of(self, model: keras.Model) -> Step:
        """Keras's own step."""
        return partial(model.train_on_batch, return_dict=True)

    def restrict(self, choice: Choice) -> Choice:
        """Everything can be done."""
        return choice


def engine_for(recipe: Recipe, team: Team) -> Engine:
    """The recipe's engine; it begins before the framework has computed anything.

    Raises `CannotDistribute` for a backend that has none, and `TeamMismatch` when the processes see different numbers
    of devices.
    """
    backend = keras.backend.backend()
    if recipe.distribute == "none":
        return OneDevice()
    chiefs = team.share(backend.encode()).decode()
    if chiefs != backend:
        raise TeamMismatch(
            f"worker {team.index} runs Keras on {backend}, worker 0 on {chiefs}", why="one framework connects them"
        )
    engine: Engine
    if backend == "tensorflow":
        from fv_train.distribute.mirrored import Mirrored

        engine = Mirrored(team, asked_for_xla=recipe.precision.jit == "on")
    elif backend == "jax":
        from fv_train.distribute.spmd import Spmd

        engine = Spmd(team)
    else:
        raise CannotDistribute(
            f"cannot train on several devices under {backend}",
            why="it was tried and works under TensorFlow and JAX",
            hint="KERAS_BACKEND=jax, or --set distribute=none",
        )
    if team.total(engine.shards.own) != engine.shards.own * team.count:
        raise TeamMismatch(
            f"worker {team.index} trains on {engine.shards.own} devices, another on a different number",
            why="every worker gets an equal part of the batch for each of its devices",
            hint="CUDA_VISIBLE_DEVICES chooses the devices of a machine",
        )
    return engine
