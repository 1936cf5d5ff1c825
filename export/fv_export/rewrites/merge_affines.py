"""Two Affines in a row are one.

(x s + t) s' + t' = x (s s') + (t s' + t')
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from fv_export.graph import Affine, Fused, Graph
from fv_export.rewrites._matching import sole_consumer
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        before = graph.producer(node.inputs[0])
        if isinstance(node, Affine) and isinstance(before, Affine):
            yield node, before


def _check(graph: Graph, match: Match) -> Refused | None:
    _, before = cast(tuple[Affine, Affine], match)
    if before.fused is not Fused.NONE:
        return Refused(f"{before.name} applies {before.fused} before it")
    if sole_consumer(graph, before.output) is None:
        return Refused(f"{before.output} is read by other nodes too")
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    node, before = cast(tuple[Affine, Affine], match)
    merged = replace(
        node,
        inputs=before.inputs,
        scale=np.asarray(before.scale * node.scale, np.float32),
        shift=np.asarray(before.shift * node.scale + node.shift, np.float32),
    )
    return Edit({before.name: (), node.name: (merged,)})


REWRITE = Rewrite(
    name="merge_affines",
    phase=Phase.CLEAN,
    effect="Rescaling and Normalization become one node, which then folds into the first convolution.",
    match=_match,
    check=_check,
    apply=_apply,
)
