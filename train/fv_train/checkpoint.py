"""Checkpoints: one archive (`.npz`, no pickles) with every array that changes in training, and where training stood.

Written whole or not at all: after kill -9 at any moment the checkpoint before is there. Everything random is a function
of (seed, stage, epoch, step), so arrays and position are the whole state.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fv_core.files import whole_file
from fv_train.distribute.team import Team
from fv_train.errors import BadRun, NonFiniteLoss
from fv_train.schedule import NO_EPOCH, Patience

LAST = "last.npz"
BEST = "best.npz"
_STATE = "state"
Arrays: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class EpochRow:
    """One line of `history.csv`. Epochs count from 1 over the whole run; `select_top1` is on the selection pictures.

    `waiting_share`: of the training time, spent waiting for data.
    """

    epoch: int
    stage: str
    learning_rate: float
    loss: float
    accuracy: float
    select_top1: float
    images_per_s: float
    waiting_share: float
    seconds: float


@dataclass(frozen=True)
class State:
    """Where training stands: the next step is `step` of epoch `epoch` of stage `stage`, each from 0.

    `loss_sum`, `correct_sum`, `seconds`, `waited_s`: of the epoch so far. `plateau`, `stopping`, `drops`: of the stage.
    `best`: the best epoch of the whole run; its weights are in `BEST`. `compute`, `jit`: as chosen at the start.
    """

    compute: str
    jit: bool
    stage: int = 0
    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    correct_sum: float = 0.0
    seconds: float = 0.0
    waited_s: float = 0.0
    plateau: Patience = NO_EPOCH
    stopping: Patience = NO_EPOCH
    drops: int = 0
    best: Patience = NO_EPOCH
    history: tuple[EpochRow, ...] = ()


def save(path: Path, arrays: Arrays, state: State) -> None:
    """Write a checkpoint; raises `NonFiniteLoss`, and leaves the one that is there, when a weight is no number.

    The loss of a step is computed before its update, so that the last step of an epoch can have a finite loss and
    leave weights that no later step recovers from.
    """
    if not all(np.isfinite(array).all() for array in arrays.values()):
        at = f"step {state.step} of epoch {state.epoch + 1}" if state.step else f"the last step of epoch {state.epoch}"
        raise NonFiniteLoss(
            f"the weights are no numbers after {at}, stage {state.stage + 1}",
            why=f"the last good checkpoint is {path}" if path.exists() else "there is no checkpoint from before",
        )
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        _write(stream, arrays, state)


def load(path: Path) -> tuple[Arrays, State]:
    """Read a checkpoint; raises `BadRun` for a damaged one."""
    try:
        with path.open("rb") as stream:
            return _read(stream)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise BadRun(
            f"cannot read the checkpoint {path}", why=str(error), hint="start the training again without --resume"
        ) from error


def agreed(team: Team, arrays: Arrays, state: State | None) -> tuple[Arrays, State]:
    """What the team's chief has, on every worker; only the chief's `arrays` and `state` (not None there) count."""
    stream = io.BytesIO()
    if state is not None:
        if team.count == 1:
            return arrays, state
        _write(stream, arrays, state)
    return _read(io.BytesIO(team.share(stream.getvalue())))


def after_epoch(state: State, row: EpochRow, best: Patience, plateau_patience: int) -> State:
    """The state at the beginning of the next epoch, `row` added to the history."""
    plateau, drops = state.plateau.after(row.select_top1), state.drops
    if plateau.waited >= plateau_patience:
        plateau, drops = replace(plateau, waited=0), drops + 1
    return replace(
        state,
        epoch=state.epoch + 1,
        step=0,
        loss_sum=0.0,
        correct_sum=0.0,
        seconds=0.0,
        waited_s=0.0,
        plateau=plateau,
        stopping=state.stopping.after(row.select_top1),
        drops=drops,
        best=best,
        history=(*state.history, row),
    )


def _write(stream: IO[bytes], arrays: Arrays, state: State) -> None:
    everything: dict[str, Any] = {**arrays, _STATE: np.array(json.dumps(asdict(state)))}
    np.savez(stream, **everything)


def _read(stream: IO[bytes]) -> tuple[Arrays, State]:
    with np.load(stream, allow_pickle=False) as data:
        state = _state(json.loads(str(data[_STATE])))
        return {name: data[name] for name in data.files if name != _STATE}, state


def _state(data: dict[str, Any]) -> State:
    patience = {key: Patience(**data[key]) for key in ("plateau", "stopping", "best")}
    return State(**{**data, **patience, "history": tuple(EpochRow(**row) for row in data["history"])})
