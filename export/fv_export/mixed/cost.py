"""What leaving layers in float costs in milliseconds, here: five numbers, fitted to files that were measured.

    latency(file) = latency(int8) + sum over parts of  c_part * (how much of the part is float)          (work.PARTS)

A layer alone cannot be timed: runtimes fuse neighbours, convert at borders, and choose layouts for whole stretches. So
whole files are measured, with every stretch of the network in float in one of them, and the c are their least squares.
They may be negative: on some processors an element-wise layer is slower in integers than in float.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_export.mixed.mixable import Mixable
from fv_export.mixed.work import Parts, float_parts

# Stretches of the network that are measured in float one by one, and sets of every fourth tensor, which tell what
# conversions cost: three equations for each unknown.
_STRETCHES = 12
_COMBS = 4
# Weight of "all of a part costs nothing" against one measured file: a part that the files hardly tell from the others
# gets no large number of either sign.
_DAMPING = 0.1


@dataclass(frozen=True)
class Cost:
    """`base_ms`: of the file with nothing restored. `part_ms`: milliseconds for one of each of `work.PARTS`.

    `error_ms`: root mean square of what the fit leaves of the `files` measured latencies.
    """

    base_ms: float
    part_ms: tuple[float, ...]
    error_ms: float
    files: int

    def extra_ms(self, parts: Parts) -> float:
        """How much slower a file with `parts` in float is, by the fit; negative where it is faster."""
        return float(np.dot(self.part_ms, parts))


def designs(mixable: Mixable) -> list[tuple[str, ...]]:
    """The sets of restored tensors whose files are to be measured; the first is empty."""
    tensors = mixable.restorable()
    stretches = [tuple(part) for part in np.array_split(np.array(tensors, dtype=object), _STRETCHES) if len(part)]
    combs = [tensors[start::_COMBS] for start in range(min(_COMBS, len(tensors)))]
    return [(), tensors, *stretches, *combs]


def fit(mixable: Mixable, restored: Sequence[tuple[str, ...]], latencies_ms: Sequence[float]) -> Cost:
    """The cost model of files with these tensors restored, which took so long."""
    parts = np.array([float_parts(mixable.graph, mixable.with_restored(each)) for each in restored])
    measured = np.array(latencies_ms, np.float64)
    largest = np.maximum(parts.max(axis=0), 1.0)
    system = np.column_stack([np.ones(len(parts)), parts / largest])
    damping = _DAMPING * np.eye(system.shape[1])
    damping[0, 0] = 0.0  # the latency of the file itself is not drawn to zero
    solution = _least_squares(np.vstack([system, damping]), np.concatenate([measured, np.zeros(len(damping))]))
    error = float(np.sqrt(np.mean((system @ solution - measured) ** 2)))
    return Cost(float(solution[0]), tuple(float(value) for value in solution[1:] / largest), error, len(measured))


def _least_squares(system: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.lstsq(system, values, rcond=None)[0])
