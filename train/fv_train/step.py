"""The compiled training step: augmentation, network, loss and optimizer as one Keras model.

    (stored squares, draw) -> AugmentLayer -> network -> logits (n, C) float32 -> cross-entropy with soft targets

`train_on_batch` of Keras is the step on every backend: gradients, clipping, loss scaling under float16, the average of
the weights and XLA are Keras's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fv_train.augment import FIELDS, AugmentLayer
from fv_train.backbones import Network, batch_norms, build
from fv_train.carry import settle
from fv_train.data import Batch
from fv_train.distribute.engine import Engine, OneDevice
from fv_train.recipe import Optimizer, Recipe, Stage
from fv_train.teacher import SoftTargets

# Steps that are timed to choose the arithmetic, after one that compiles.
_TIMED_STEPS = 3
# Scale and shift of a normalization and biases are not decayed (Goyal et al. 2017, section 5.3; He et al. 2019).
_NOT_DECAYED = ["bias", "beta", "gamma"]
ONE_DEVICE = OneDevice()


@dataclass(frozen=True)
class StepResult:
    """Mean loss of the batch, and the share of its pictures whose most probable class is the target's largest."""

    loss: float
    accuracy: float


class Trainee:
    """A network in training. `network` is the one whose weights learn, at the input size that it was built for;
    `teacher` gives probabilities at the same size."""

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        stored_size: int,
        *,
        jit: bool,
        teacher: keras.Model | None = None,
        engine: Engine = ONE_DEVICE,
    ) -> None:
        self.network = network
        self._engine = engine
        self._recipe = recipe
        self._jit = jit
        self._soft = recipe.distill.weight if teacher is not None else 0.0
        inputs = [
            keras.Input((stored_size, stored_size, 3), dtype="uint8", name="images"),
            keras.Input((len(FIELDS),), dtype="float32", name="parameters"),
            keras.Input((), dtype="int32", name="partner"),
            keras.Input((), dtype="float32", name="share"),
            keras.Input((4,), dtype="float32", name="box"),
            keras.Input((3, 256), dtype="uint8", name="tables"),
        ]
        self._augment = AugmentLayer(stored_size, network.logits.input_shape[1], recipe.augment)
        seen = self._augment(*inputs)
        logits = network.logits(seen)
        if teacher is not None:
            logits = SoftTargets(recipe.distill)(logits, teacher(seen, training=False))
        self._model = keras.Model(inputs, logits, name="trainee")
        network.logits.jit_compile = jit

    def start_stage(self, stage: Stage) -> None:
        """Freeze what the stage freezes, and begin with a new optimizer."""
        for layer in self.network.backbone.layers:
            layer.trainable = stage.train == "all"
        if stage.batch_norm == "frozen":
            for layer in batch_norms(self.network.logits):
                layer.trainable = False
        self._engine.prepare(self.network.logits)
        with self._engine.scope():
            self._compile()
        self._step = self._engine.step_of(self._model)

    def _compile(self) -> None:
        rates = self._rates()
        factors = tuple(rates[id(variable)] for variable in self._model.trainable_variables)
        self._model.compile(
            optimizer=optimizer_for(self._recipe.optimizer, factors, self._engine),
            loss=keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=self._recipe.regularize.label_smoothing
            ),
            loss_weights=1.0 - self._soft if self._soft else None,
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
            jit_compile=self._jit,
        )
        self._model.optimizer.build(self._model.trainable_variables)

    def _rates(self) -> dict[int, float]:
        """How much faster than the recipe's rate each variable learns, by id: the head by `head_factor`, layer i of the
        backbone's n layers with weights by layer_decay^((n - 1 - i) / (n - 1))."""
        settings = self._recipe.optimizer
        layers = [layer for layer in self.network.backbone.layers if layer.weights]
        rates = {
            id(variable): settings.layer_decay ** (1.0 - i / max(1, len(layers) - 1))
            for i, layer in enumerate(layers)
            for variable in layer.weights
        }
        head = [variable for layer in self.network.head_layers() for variable in layer.weights]
        return rates | {id(variable): settings.head_factor for variable in head}

    def run(self, batch: Batch, learning_rate: float) -> StepResult:
        """One step of the optimizer."""
        self._model.optimizer.learning_rate = learning_rate
        logs = self._step(_inputs(batch), batch.targets)
        return StepResult(float(logs["loss"]), float(logs["accuracy"]))

    def seen(self, batch: Batch) -> NDArray[np.float32]:
        """(n, N, N, 3): what the network is shown of a batch, by the layer that is compiled into the step."""
        shown = self._augment(*(keras.ops.convert_to_tensor(array) for array in _inputs(batch)))
        return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(shown, "float32")))

    def use_average(self) -> list[NDArray[Any]]:
        """Put the average of the weights in their place, where the recipe has one; returns what was there before."""
        variables = self._model.trainable_variables
        before = _values(variables)
        if self._recipe.optimizer.ema_decay and int(keras.ops.convert_to_numpy(self._model.optimizer.iterations)):
            self._model.optimizer.finalize_variable_values(variables)
            # Keras puts the average itself there; under JAX the next program would take both away with one.
            self.put_back(_values(variables))
        return before

    def put_back(self, weights: list[NDArray[Any]]) -> None:
        """Undo `use_average`."""
        for variable, value in zip(self._model.trainable_variables, weights, strict=True):
            variable.assign(value)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that changes in training: weights, the state of dropout, and the optimizer."""
        optimizer = {f"optimizer/{i:04d}": value for i, value in enumerate(_values(self._model.optimizer.variables))}
        return network_arrays(self.network) | optimizer

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Set what `arrays` gave, or `network_arrays`; raises `ValueError` when names or shapes differ."""
        variables = {f"network/{i:04d}": v for i, v in enumerate(self.network.logits.variables)}
        if any(name.startswith("optimizer/") for name in arrays):
            variables |= {f"optimizer/{i:04d}": v for i, v in enumerate(self._model.optimizer.variables)}
        if set(variables) != set(arrays):
            raise ValueError(f"{len(arrays)} arrays for {len(variables)} variables")
        for name, variable in variables.items():
            if tuple(variable.shape) != arrays[name].shape:
                raise ValueError(f"{name} is {arrays[name].shape}, the network has {tuple(variable.shape)}")
            variable.assign(arrays[name])
        settle(self.network.logits)


def _inputs(batch: Batch) -> list[NDArray[Any]]:
    """The arrays of a batch in the order of the step's inputs."""
    drawn = batch.draw
    return [batch.images, drawn.parameters, drawn.partner, drawn.share, drawn.box, batch.tables]


def network_arrays(network: Network) -> dict[str, NDArray[Any]]:
    """The weights of a network and the state of its dropout."""
    return {f"network/{i:04d}": value for i, value in enumerate(_values(network.logits.variables))}


def put_network_arrays(logits: keras.Model, arrays: dict[str, NDArray[Any]]) -> None:
    """Undo `network_arrays`, in a network of the same form."""
    for i, variable in enumerate(logits.variables):
        variable.assign(arrays[f"network/{i:04d}"])
    settle(logits)


def _values(variables: list[Any]) -> list[NDArray[Any]]:
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def optimizer_for(
    settings: Optimizer, factors: tuple[float, ...], engine: Engine = ONE_DEVICE
) -> keras.optimizers.Optimizer:
    """The recipe's optimizer; `factors` has one entry a trainable variable: how much faster it learns."""
    common: dict[str, Any] = {"learning_rate": 0.0}
    if settings.weight_decay:
        common["weight_decay"] = settings.weight_decay
    if settings.clip_norm:
        common["global_clipnorm"] = settings.clip_norm
    if settings.ema_decay:
        common |= {"use_ema": True, "ema_momentum": settings.ema_decay}
    if settings.name == "sgd":
        common |= {"momentum": settings.momentum, "nesterov": bool(settings.momentum)}
    if settings.name == "adamw":
        common["weight_decay"] = settings.weight_decay
    kind = {"adamw": keras.optimizers.AdamW, "adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[settings.name]
    kind = engine.optimizer(kind, clipped=bool(settings.clip_norm))
    optimizer = _with_factors(kind, factors)(**common)
    if settings.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=_NOT_DECAYED)
    return optimizer


def _with_factors(base: Any, factors: tuple[float, ...]) -> Any:
    """The optimizer class, with the rate of each variable multiplied by its factor."""
    if all(factor == 1.0 for factor in factors):
        return base

    class Factored(base):  # type: ignore[misc]  # keras has no type information
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            # Keras's own optimizers find a variable's slots by this index; a backend may hand us its raw variable.
            super().update_step(gradient, variable, learning_rate * factors[self._get_variable_index(variable)])

    return Factored


def step_timer(recipe: Recipe, stage: Stage, stored_size: int, batch: Batch) -> Callable[[str, bool], float]:
    """A function (policy, jit) -> seconds a step takes, on a network of random weights that is thrown away."""

    def measure(policy: str, jit: bool) -> float:
        size = recipe.size_of(0)
        classes = batch.targets.shape[1]
        network = build(recipe, classes, policy=policy, load_weights=False, input_size=size, fused=not jit)
        trainee = Trainee(network, recipe, stored_size, jit=jit)
        trainee.start_stage(stage)
        trainee.run(batch, 0.0)
        started = time.perf_counter()
        for _ in range(_TIMED_STEPS):
            trainee.run(batch, 0.0)
        return (time.perf_counter() - started) / _TIMED_STEPS

    return measure
