"""In which order the blocks run: A B C, C B A, A B C, …

A machine that grows warm, or that somebody else begins to use, slows down with time. Were all blocks of A before all of
B, the ratio of B to A would measure that. Forth and back, a linear drift hits all alike over each pair of rounds, and
the blocks of one round are neighbours that can be compared pair by pair (`stats.ratio_interval(paired=True)`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One block: candidate `index` in round `round_index`."""

    round_index: int
    index: int


def interleaved(candidates: int, rounds: int) -> list[Step]:
    """Every candidate once in each round; odd rounds run backwards."""
    steps = []
    for round_index in range(rounds):
        order = range(candidates) if round_index % 2 == 0 else range(candidates - 1, -1, -1)
        steps += [Step(round_index, index) for index in order]
    return steps
