"""Learning rates: what the optimizer is told before each step.

With p the peak, s the step in its stage (from 0), S the stage's steps, w the warm-up steps and f the final fraction
(`over = "run"`: s and S are counted over all stages):

    warm-up   s < w     p * (s + 1) / w                                        (Goyal et al. 2017, arXiv 1706.02677)
    cosine    s >= w    p * (f + (1 - f) * (1 + cos(pi * (s - w) / (S - w))) / 2)  (Loshchilov and Hutter 2017)
    constant  s >= w    p
    plateau   s >= w    p * factor^k, k the number of plateaus so far in the stage

The rate is a function of the step alone (and of k, which the run's state holds), so a resumed run gets the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fv_train.recipe import Schedule


def learning_rate(schedule: Schedule, peak: float, step: int, stage_steps: int, epoch_steps: int, drops: int) -> float:
    """The rate for `step` of a stage of `stage_steps` steps; `drops` plateaus have been seen in it."""
    warmup = min(round(schedule.warmup_epochs * epoch_steps), stage_steps)
    if step < warmup:
        return peak * (step + 1) / warmup
    if schedule.name == "cosine":
        done = (step - warmup) / max(1, stage_steps - warmup)
        final = schedule.final_fraction
        return peak * (final + (1 - final) * (1 + math.cos(math.pi * done)) / 2)
    if schedule.name == "plateau":
        return float(peak * schedule.factor**drops)
    return peak


@dataclass(frozen=True)
class Patience:
    """Counts epochs without a better accuracy. `best`: the best so far; `waited`: epochs since then."""

    best: float = -1.0
    waited: int = 0

    def after(self, accuracy: float) -> Patience:
        """The count after an epoch that reached `accuracy`; equal is not better."""
        if accuracy > self.best:
            return Patience(accuracy, 0)
        return Patience(self.best, self.waited + 1)


NO_EPOCH = Patience()
