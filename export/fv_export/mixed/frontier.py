"""The files on the way from 8 bits to float, measured side by side, and the one that is chosen.

On the frontier stand the float file, plain int8, three files on the way of the first road, the end of each road, and
the file with every layer in float and its weights in 8 bits: what all restoring leads to. Their drops are those on the
pictures that report; latencies are measured in one session, interleaved, on the machine that was named.

Of two roads that reached the goal the faster file is chosen, where their medians differ by more than results repeat
within; else the one with fewer layers in float.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fv_benchmark.protocol import Protocol
from fv_benchmark.report import Report
from fv_benchmark.stats import paired_drop
from fv_export.mixed.ask import Asker
from fv_export.mixed.mixable import Mixable
from fv_export.mixed.outcome import Point, is_clearly_faster
from fv_export.mixed.search import Road, Search
from fv_export.mixed.timing import Stopwatch
from fv_export.mixed.work import integer_share

FLOAT = "float"
PLAIN = "int8"
WEIGHTS_ONLY = "8-bit weights alone"
# How far along the way the files are that are shown beside the ends: a plot of more points cannot be labelled.
_ON_THE_WAY = (0.25, 0.5, 0.75)


@dataclass(frozen=True, eq=False)
class Place:
    """A file that is to stand on the frontier. `restored`: None for the float file."""

    name: str
    restored: tuple[str, ...] | None
    data: bytes


def places(mixable: Mixable, roads: Sequence[Road], float_file: bytes) -> list[Place]:
    """The files of the frontier: float first, then from nothing restored to everything."""
    sets: dict[tuple[str, ...], str] = {}
    ends = {road.restored for road in roads if road.restored is not None}
    for restored in [(), *_on_the_way(roads), *sorted(ends, key=len), mixable.restorable()]:
        sets.setdefault(mixable.ordered(restored), _name(mixable, restored))
    ordered = sorted(sets, key=len)
    found = [Place(sets[restored], restored, mixable.file(restored)) for restored in ordered]
    return [Place(FLOAT, None, float_file), *found]


def points(found: Sequence[Place], mixable: Mixable, search: Search, reporting: Asker, report: Report) -> list[Point]:
    """The places with their figures; `report` has a result for each, in order."""
    answers = reporting.answers([place.data for place in found])
    pictures = reporting.pictures
    before = pictures.full.argmax(axis=1)
    made = []
    for place, answer, result in zip(found, answers, report.results, strict=True):
        after = answer.argmax(axis=1)
        drop = paired_drop(before == pictures.labels, after == pictures.labels)
        annotation = None if place.restored is None else mixable.with_restored(place.restored)
        tried = search.tried.get(place.restored or ()) if place.restored is not None else None
        made.append(
            Point(
                name=place.name,
                layers=None if place.restored is None else len(place.restored),
                integer_share=0.0 if annotation is None else integer_share(mixable.graph, annotation),
                size_bytes=len(place.data),
                latency_ms=result.latency_ms.p50,
                ratio=result.ratio_to_first,
                drop=drop,
                agreement=float(np.mean(before == after)),
                chosen_drop_pp=None if tried is None else tried.drop_pp,
            )
        )
    return made


def measured(found: Sequence[Place], stopwatch: Stopwatch) -> Report:
    """All places side by side, with the benchmark's own protocol."""
    return stopwatch.report({f"{index}": place.data for index, place in enumerate(found)}, Protocol())


def choose(found: Sequence[Place], made: Sequence[Point], roads: Sequence[Road], mixable: Mixable) -> int:
    """Index of the chosen place: see the module."""
    ends = [mixable.ordered(road.restored) for road in roads if road.restored is not None]
    candidates = [index for index, place in enumerate(found) if place.restored in ends]
    best = min(candidates, key=lambda index: made[index].layers or 0)
    for index in candidates:
        one, other = made[index].latency_ms, made[best].latency_ms
        if one is not None and other is not None and is_clearly_faster(one, other):
            best = index
    return best


def _on_the_way(roads: Sequence[Road]) -> list[tuple[str, ...]]:
    """The first so many of the first road's order, for a few shares of the shortest end."""
    shortest = min((len(road.restored) for road in roads if road.restored is not None), default=0)
    sizes = dict.fromkeys(round(share * shortest) for share in _ON_THE_WAY)
    return [roads[0].order[:size] for size in sizes if size]


def _name(mixable: Mixable, restored: Sequence[str]) -> str:
    if not restored:
        return PLAIN
    return WEIGHTS_ONLY if len(restored) == len(mixable.restorable()) else f"int8, {len(restored)} in float"
