"""Which tensors of a quantized graph are computed in floating point, and where they stand.

With I the integer activations, inputs and outputs of the graph not counted, a float tensor is
    behind I    if it is computed from something in I
    before I    if something in I is computed from it
and so: before but not behind: the way into the quantized part. Behind but not before: the way out, where probabilities
are made. Both: an island, which costs a conversion on either shore.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fv_edge_runtime.facts import FloatActivation

WAY_IN = "before the first quantized operator"
WAY_OUT = "after the last quantized operator: probabilities are float32"
ISLAND = "an island: {operator} computes in float between quantized tensors"


@dataclass(frozen=True)
class Step:
    """One operator with the names of the tensors it reads and writes, in order of execution."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def float_activations(
    steps: Sequence[Step], integers: set[str], floats: Iterable[str], shores: Iterable[str]
) -> tuple[FloatActivation, ...]:
    """The `floats` with their place; none where no integer is inside (the graph is not quantized).

    `integers`: integer activations. `shores`: inputs and outputs of the graph.
    """
    inner = integers - set(shores)
    if not inner:
        return ()
    behind = _reached(steps, inner)
    turned = [Step(step.operator, step.outputs, step.inputs) for step in reversed(steps)]
    before = _reached(turned, inner)
    writers = {name: step.operator for step in steps for name in step.outputs}
    return tuple(
        FloatActivation(name, _why(name in before, name in behind, writers.get(name, "")), name in before & behind)
        for name in floats
    )


def _why(is_before: bool, is_behind: bool, operator: str) -> str:
    if is_before and is_behind:
        return ISLAND.format(operator=operator)
    return WAY_IN if is_before else WAY_OUT


def _reached(steps: Sequence[Step], start: set[str]) -> set[str]:
    """`start`, and everything that is computed from it when the steps are taken in order."""
    reached = set(start)
    for step in steps:
        if not reached.isdisjoint(step.inputs):
            reached.update(step.outputs)
    return reached
