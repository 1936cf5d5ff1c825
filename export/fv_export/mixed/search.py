"""The search: rank the layers, restore the most guilty until the target is kept, take back what was not needed.

    rank      Every tensor alone in 8 bits, all others in float: the divergence of the answers is its damage. Alone, for
              beside the errors of all others that of one is lost in their noise.
    restore   Two roads. `fewest`: in order of damage. `fastest`: each time the tensor with the most damage for a
              millisecond, neighbours being cheaper together (`cost`). How far to go along each is found by bisection:
              the first number of tensors with which the goal is reached on the pictures that choose (`damage.Goal`).
    prune     From there each tensor, the least worth first, goes back to integers where the goal stays reached. One
              whose damage would bring the file's divergence to that of a file that failed is not tried.

Damage adds up nearly (errors are independent), so the order is right enough; what decides is always a file that ran.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from fv_core.progress import Progress
from fv_export.mixed.ask import Asker
from fv_export.mixed.cost import Cost
from fv_export.mixed.damage import Damage, Goal
from fv_export.mixed.mixable import Mixable
from fv_export.mixed.work import float_parts

RANKING = "ranking layers"
SEARCHING = "searching"
_FILES_AT_ONCE = 8
# A tensor that costs less than this share of the file's latency is as cheap as one that costs nothing: the fit of the
# latencies is no better.
_CHEAPEST = 1e-3

# Where nothing has the assurance that was wanted, its last hundredths are had by leaving nothing in 8 bits
# (docs/findings.md, *Precision mixed to a target*). No better known than that: it rests on some forty changed pictures.
NEARLY = 0.03

# Tensor -> its damage, in nats of divergence.
Ranks = dict[str, float]


@dataclass(frozen=True)
class Road:
    """One way of restoring. `restored`: the tensors, empty where nothing had to be; None where it did not arrive.

    `order`: of all tensors on the way, the first to be restored first.
    """

    name: str
    restored: tuple[str, ...] | None
    order: tuple[str, ...] = ()


@dataclass
class Search:
    """`tried`: every set of restored tensors and its damage, in order."""

    mixable: Mixable
    asker: Asker
    goal: Goal
    progress: Progress
    tried: dict[tuple[str, ...], Damage] = field(default_factory=dict)
    _best: str = "nothing keeps the target yet"

    def keeps(self, restored: Sequence[str]) -> bool:
        """Whether the file with these tensors in float reaches the goal; it is asked."""
        return self.goal.is_kept(self._damage(restored))

    def assurance(self, restored: Sequence[str]) -> float:
        """How surely other pictures will show a drop within the target; asked where it was not tried."""
        return self.goal.assurance_of(self._damage(restored))

    def surest(self) -> tuple[str, ...]:
        """Of the sets that were tried."""
        return max(self.tried, key=self.assurance)

    def nearly_surest(self, order: Sequence[str], worth: Callable[[str], float], ranks: Ranks) -> tuple[str, ...]:
        """The fewest on the way along `order` that are as sure as anything that was tried, but for `NEARLY`."""
        surest = self.surest()
        lowered = replace(self, goal=replace(self.goal, assurance=self.assurance(surest) - NEARLY))
        if lowered.keeps(()):
            return ()
        road = lowered.follow("nearly surest", order, worth, ranks)
        return surest if road.restored is None else road.restored

    def _damage(self, restored: Sequence[str]) -> Damage:
        key = self.mixable.ordered(restored)
        if key not in self.tried:
            self.tried[key] = found = self.asker.damage(self.mixable.file(key))
            sure = self.goal.assurance_of(found)
            if sure >= self.goal.assurance:
                self._best = f"best so far: {sure:.0%} with {_layers(len(key))} in float"
            now = f"{_layers(len(key))} in float: {sure:.0%} sure of the target"
            self.progress.advance(SEARCHING, len(self.tried), None, f"{now} · {self._best}")
        return self.tried[key]

    def follow(self, name: str, order: Sequence[str], worth: Callable[[str], float], ranks: Ranks) -> Road:
        """Restore along `order` until the goal is reached, then prune, the tensors of least `worth` first.

        Plain int8 is taken to have failed: whether it keeps the target is known of both halves.
        """
        last, count = 0, len(order)
        if not order or not self.keeps(order):
            return Road(name, None, tuple(order))
        while count - last > 1:
            middle = (last + count) // 2
            last, count = (last, middle) if self.keeps(order[:middle]) else (middle, count)
        return Road(name, tuple(self._pruned(order[:count], worth, ranks)), tuple(order))

    def _pruned(self, restored: Sequence[str], worth: Callable[[str], float], ranks: Ranks) -> Sequence[str]:
        for tensor in sorted(restored, key=worth):
            fewer = [other for other in restored if other != tensor]
            if not self._is_hopeless(self._damage(restored).divergence + ranks[tensor]) and self.keeps(fewer):
                restored = fewer
        return restored

    def _is_hopeless(self, divergence: float) -> bool:
        """Whether a file that diverges no more than that has failed."""
        return any(found.divergence <= divergence for found in self.tried.values() if not self.goal.is_kept(found))


def rank(mixable: Mixable, asker: Asker, progress: Progress) -> Ranks:
    """The damage of every tensor that can be restored."""
    tensors = mixable.restorable()
    floor = asker.damage(mixable.file(tensors)).divergence
    ranks: Ranks = {}
    for start in range(0, len(tensors), _FILES_AT_ONCE):
        part = tensors[start : start + _FILES_AT_ONCE]
        files = [mixable.file([other for other in tensors if other != tensor]) for tensor in part]
        for tensor, found in zip(part, asker.damages(files), strict=True):
            ranks[tensor] = found.divergence - floor
        worst = max(ranks, key=lambda tensor: ranks[tensor])
        progress.advance(RANKING, len(ranks), len(tensors), f"worst so far: {mixable.layer(worst)}")
    return ranks


def by_damage(ranks: Ranks) -> list[str]:
    """The tensors, the most guilty first; those that do no damage are left out."""
    return sorted((tensor for tensor in ranks if ranks[tensor] > 0), key=lambda tensor: -ranks[tensor])


def by_damage_for_time(mixable: Mixable, ranks: Ranks, cost: Cost) -> list[str]:
    """The tensors in the order of most damage undone for a millisecond, given those before."""
    left = by_damage(ranks)
    order: list[str] = []
    extra = {tensor: extra_ms(mixable, [tensor], cost) for tensor in left}
    while left:
        best = max(left, key=lambda tensor: ranks[tensor] / max(extra[tensor], _CHEAPEST * cost.base_ms))
        order.append(best)
        left.remove(best)
        before = extra_ms(mixable, order, cost)
        near = _near(mixable, best)
        for tensor in left:
            # What a tensor costs depends on the layers beside it alone.
            if tensor in near:
                extra[tensor] = extra_ms(mixable, [*order, tensor], cost) - before
    return order


def extra_ms(mixable: Mixable, restored: Sequence[str], cost: Cost) -> float:
    """What a file with these tensors in float takes more than plain int8, by the fitted model."""
    return cost.extra_ms(float_parts(mixable.graph, mixable.with_restored(restored)))


def _near(mixable: Mixable, tensor: str) -> set[str]:
    """The tensors whose layers, or whose layers' other tensors, `tensor` shares."""
    return _beside(mixable, _beside(mixable, {tensor}))


def _beside(mixable: Mixable, tensors: set[str]) -> set[str]:
    """The tensors that the layers that read or write `tensors` read and write."""
    touching = [node for node in mixable.graph.nodes if tensors & {*node.inputs, node.output}]
    return {tensor for node in touching for tensor in (*node.inputs, node.output)}


def _layers(count: int) -> str:
    return f"{count} layer{'' if count == 1 else 's'}"
