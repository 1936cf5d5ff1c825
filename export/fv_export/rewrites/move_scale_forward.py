"""A factor moves past nodes that let it through, towards the kernel that takes it in.

    f(a x) = a f(x)                              f: Mean, Reshape, Pool, Pad, and Mul in either operand
    a x + (W y + b) = a (x + (W/a) y + b/a)      Add, where a kernel makes the other operand for this sum alone

a > 0, the same for all channels; so max pooling and a fused relu commute with it. Only where every path ends in
kernels: else the factor would be multiplied more often than before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from fv_export.graph import Add, Affine, Floats, Fused, Graph, Node, renamed
from fv_export.rewrites._matching import LINEAR, Linear, fresh
from fv_export.rewrites._scales import other_operand, passes, stopped_by
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        if not isinstance(node, Affine) or node.fused is not Fused.NONE or node.shift.any():
            continue
        if np.ptp(node.scale) > 0 or node.scale[0] <= 0:
            continue
        for after in graph.consumers(node.output):
            if not isinstance(after, LINEAR):
                yield node, after


def _check(graph: Graph, match: Match) -> Refused | None:
    reason = stopped_by(graph, match[0].output)
    return Refused(f"its factor has nowhere to go: {reason}") if reason else None


def _apply(graph: Graph, match: Match) -> Edit:
    node, after = cast(Affine, match[0]), match[1]
    assert passes(graph, after, node.output)  # noqa: S101 - `stopped_by` has refused all others
    times = 1 if isinstance(after, Add) else after.inputs.count(node.output)
    renames = {node.output: node.inputs[0]}
    edits: dict[str, tuple[Node, ...]] = {}
    if isinstance(after, Add):
        other = cast(Linear | Affine, other_operand(graph, after, node.output))
        divided = _divided(graph, other, node.scale[0])
        edits[other.name] = (divided,)
        renames[other.output] = divided.output
    tensor, name = fresh(graph, f"{after.output}_unscaled"), fresh(graph, f"{after.name}_scale")
    channels = graph.shapes[after.output][-1]
    factor = Affine(
        name=name,
        inputs=(tensor,),
        output=after.output,
        scale=np.full(channels, float(node.scale[0]) ** times, np.float32),
        shift=np.zeros(channels, np.float32),
    )
    return Edit({**edits, after.name: (replace(renamed(after, renames), output=tensor), factor)})


def _divided(graph: Graph, node: Linear | Affine, factor: np.float32) -> Linear | Affine:
    output = fresh(graph, f"{node.output}_divided")
    if isinstance(node, Affine):
        return replace(node, scale=_quotient(node.scale, factor), shift=_quotient(node.shift, factor), output=output)
    return replace(node, kernel=_quotient(node.kernel, factor), bias=_quotient(node.bias, factor), output=output)


def _quotient(weights: Floats, factor: np.float32) -> Floats:
    return np.asarray(weights / factor, np.float32)


REWRITE = Rewrite(
    name="move_scale_forward",
    phase=Phase.FOLD_FORWARD,
    effect="The 1/6 of a rewritten hard swish or hard sigmoid costs nothing.",
    match=_match,
    check=_check,
    apply=_apply,
)
