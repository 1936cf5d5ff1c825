"""What a training says of itself while it runs: beside the progress bar, and one line an epoch."""

from __future__ import annotations

from fv_core.units import percent_as_text
from fv_train.checkpoint import EpochRow, State
from fv_train.input_limit import Limit
from fv_train.recipe import Select


def note(state: State, batch_size: int) -> str:
    """The epoch so far: loss, images a second, and the share of the time spent waiting for data."""
    done = max(1, state.step)
    rate = done * batch_size / max(state.seconds, 1e-9)
    last = f", selection top-1 {percent_as_text(state.history[-1].select_top1)}" if state.history else ""
    waiting = percent_as_text(state.waited_s / max(state.seconds, 1e-9))
    return f"loss {state.loss_sum / done:.3f}{last}, {rate:.0f} images/s, {waiting} waiting for data"


def line(row: EpochRow, select: Select, pictures: int, classes: int, limit: Limit) -> str:
    """An epoch that has ended, with everything that its accuracy needs to be compared, and what held it up."""
    where = "held out of train" if select.on == "holdout" else "of the reported split"
    return (
        f"epoch {row.epoch} ({row.stage}): loss {row.loss:.4f}, top-1 {percent_as_text(row.select_top1)} of "
        f"{pictures} pictures {where}, {classes} classes; {row.images_per_s:.0f} images/s, "
        f"{percent_as_text(row.waiting_share)} waiting for data: the {limit.what} is the limit"
    )
