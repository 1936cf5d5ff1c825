"""An Affine after a convolution or matrix product goes into its weights.

    (W x + b) * s + t = (W s) x + (b s + t)          s, t: one value an output channel

Exact but for the rounding of float32. What the Affine fuses, the node then fuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from fv_export.graph import Affine, Fused, Graph
from fv_export.rewrites._matching import LINEAR, Linear, scaled_outputs, sole_consumer
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        before = graph.producer(node.inputs[0])
        if isinstance(node, Affine) and isinstance(before, LINEAR):
            yield node, before


def _check(graph: Graph, match: Match) -> Refused | None:
    _, before = cast(tuple[Affine, Linear], match)
    if before.fused is not Fused.NONE:
        return Refused(f"{before.name} applies {before.fused} before it")
    if sole_consumer(graph, before.output) is None:
        return Refused(f"{before.output} is read by other nodes too")
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    node, before = cast(tuple[Affine, Linear], match)
    folded = replace(
        before,
        kernel=scaled_outputs(before, node.scale),
        bias=np.asarray(before.bias * node.scale + node.shift, np.float32),
        output=node.output,
        fused=node.fused,
    )
    return Edit({before.name: (folded,), node.name: ()})


REWRITE = Rewrite(
    name="fold_batch_norm",
    phase=Phase.FOLD_BACK,
    effect="One pass over the feature map less for each BatchNormalization.",
    match=_match,
    check=_check,
    apply=_apply,
)
