"""One search from plain int8 to its outcome: halves, ranks, costs, roads, frontier, choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fv_core.manifest import Drop
from fv_core.progress import Progress
from fv_export.graph import Annotation
from fv_export.mixed import cost, frontier, search
from fv_export.mixed.ask import Asker, Pictures
from fv_export.mixed.assurance import margins
from fv_export.mixed.cost import Cost
from fv_export.mixed.damage import goal_for
from fv_export.mixed.halves import Halves, Rows, halves
from fv_export.mixed.memory import Memory
from fv_export.mixed.mixable import Mixable
from fv_export.mixed.outcome import Outcome, Point, Restored
from fv_export.mixed.search import Ranks, Road
from fv_export.mixed.timing import Stopwatch

# Pictures that rank the layers: with so many, 112 of 115 single tensors show a damage above zero, as all must
# (docs/findings.md).
RANKING_PICTURES = 512


@dataclass(frozen=True, eq=False)
class Session:
    """What is searched, on which pictures. `float_file`: the bytes of the float file of the same format; `rows`: of the
    pictures in their split; `dataset`: fingerprint and split."""

    format: str
    mixable: Mixable
    float_file: bytes
    pictures: Pictures
    rows: Rows
    dataset: tuple[str, str]
    memory: Memory
    machine: str
    progress: Progress

    def run(self, target_pp: float, assurance: float) -> tuple[Outcome, Annotation]:
        """Search; the annotation is that of the chosen file."""
        halved, plain_drops_pp = self._halves()
        stopwatch = Stopwatch(self.machine, f".{self.format}", self.memory, self.progress)
        with self._asker(halved.choosing) as asker:
            plain = asker.damage(self.mixable.file(()))
            goal = goal_for(target_pp, assurance, plain)
            searched = search.Search(self.mixable, asker, goal, self.progress, {(): plain})
            told: dict[str, Restored] = {}
            if is_plain_enough := max(plain_drops_pp) <= target_pp:
                roads = [Road("plain", ())]
            else:
                ranks, costs = self._ranks(halved.choosing), self._costs(stopwatch)
                roads, told = self._roads(searched, ranks, costs), self._told(ranks, costs)
        is_reached = any(road.restored is not None for road in roads)
        if not is_reached:
            order = roads[0].order
            restored = searched.nearly_surest(order, lambda tensor: ranks[tensor], ranks)
            roads = [Road("nearly surest", restored, order)]
        self.progress.say(
            f"{self.format}: {len(searched.tried)} mixtures tried; "
            f"{self.memory.computed} results computed, {self.memory.remembered} remembered"
        )
        found = frontier.places(self.mixable, roads, self.float_file)
        report = frontier.measured(found, stopwatch)
        with self._asker(halved.reporting) as asker:
            points = frontier.points(found, self.mixable, searched, asker, report)
        chosen = frontier.choose(found, points, roads, self.mixable)
        restored = found[chosen].restored or ()
        outcome = Outcome(
            target_pp=target_pp,
            format=self.format,
            chosen=chosen,
            plain=next(index for index, place in enumerate(found) if place.restored == ()),
            points=tuple(points),
            restored=tuple(sorted((told[tensor] for tensor in restored), key=lambda one: -one.damage)),
            drop=self._drop(points[chosen]),
            reached=is_reached,
            wanted=assurance,
            assurance=None if is_plain_enough else searched.assurance(restored),
            pictures=(len(halved.choosing), len(halved.reporting)),
            reporting=self.rows[halved.reporting],
            machine=f"{report.machines[0].cpu}, {report.results[0].threads} thread",
            doubts=tuple(doubt.sentence for doubt in report.doubts),
            tried=len(searched.tried),
            computed=self.memory.computed,
            remembered=self.memory.remembered,
        )
        return outcome, self.mixable.with_restored(restored)

    def _halves(self) -> tuple[Halves, tuple[float, float]]:
        """The halves, and the drop of plain int8 on each, in points."""
        pictures = self.pictures
        with self._asker(np.arange(len(pictures.labels), dtype=np.int64)) as asker:
            answers = asker.answers([self.mixable.file(())])[0]
        before = pictures.full.argmax(axis=1) == pictures.labels
        after = answers.argmax(axis=1) == pictures.labels
        change = before.astype(np.int8) - after.astype(np.int8)
        halved = halves(margins(pictures.full, pictures.labels), change)
        choosing, reporting = (100 * float(change[rows].mean()) for rows in (halved.choosing, halved.reporting))
        return halved, (choosing, reporting)

    def _ranks(self, choosing: Rows) -> Ranks:
        spread = np.linspace(0, len(choosing) - 1, min(RANKING_PICTURES, len(choosing))).round().astype(int)
        with self._asker(choosing[spread]) as asker:
            return search.rank(self.mixable, asker, self.progress)

    def _costs(self, stopwatch: Stopwatch) -> Cost:
        designs = cost.designs(self.mixable)
        files = {f"{index}": self.mixable.file(restored) for index, restored in enumerate(designs)}
        return cost.fit(self.mixable, designs, stopwatch.latencies_ms(files))

    def _roads(self, searched: search.Search, ranks: Ranks, costs: Cost) -> list[Road]:
        """Both roads; the second takes back what it took last, which is what was worth least for its time."""
        fewest = search.by_damage(ranks)
        fastest = search.by_damage_for_time(self.mixable, ranks, costs)
        roads = [
            searched.follow("fewest", fewest, lambda tensor: ranks[tensor], ranks),
            searched.follow("fastest", fastest, lambda tensor: -fastest.index(tensor), ranks),
        ]
        if all(road.restored is None for road in roads):
            searched.keeps(self.mixable.restorable())  # the most that can be done, to be among what was tried
        return roads

    def _told(self, ranks: Ranks, costs: Cost) -> dict[str, Restored]:
        """Tensor -> what is told of it where it is restored."""
        return {
            tensor: Restored(self.mixable.layer(tensor), tensor, damage, search.extra_ms(self.mixable, [tensor], costs))
            for tensor, damage in ranks.items()
        }

    def _drop(self, point: Point) -> Drop:
        return Drop(
            drop_pp=point.drop.drop_pp,
            ci95_pp=point.drop.ci95_pp,
            agreement=point.agreement,
            n=point.drop.n,
            split=self.dataset[1],
            dataset_sha256=self.dataset[0],
        )

    def _asker(self, rows: Rows) -> Asker:
        pictures = self.pictures
        part = Pictures(pictures.inputs[rows], pictures.labels[rows], pictures.full[rows])
        return Asker(self.format, part, self.memory)
