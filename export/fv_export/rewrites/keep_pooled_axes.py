"""A global mean whose result is reshaped to a 1x1 map keeps its axes instead.

reshape(mean(x), (1, 1, 1, C)) = mean_keep(x)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from fv_export.graph import Graph, Mean, Reshape
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        before = graph.producer(node.inputs[0])
        if isinstance(node, Reshape) and isinstance(before, Mean) and not before.keep_dims:
            yield node, before


def _check(graph: Graph, match: Match) -> Refused | None:
    node, before = cast(tuple[Reshape, Mean], match)
    channels = graph.shapes[before.output][-1]
    if node.shape != (1, 1, 1, channels):
        return Refused(f"its shape {node.shape} is not a 1x1 map of the {channels} channels")
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    node, before = cast(tuple[Reshape, Mean], match)
    return Edit({node.name: (replace(before, name=node.name, output=node.output, keep_dims=True),)})


REWRITE = Rewrite(
    name="keep_pooled_axes",
    phase=Phase.CLEAN,
    effect="The squeeze of a squeeze-and-excite block is one node, with no RESHAPE that a delegate may leave out.",
    match=_match,
    check=_check,
    apply=_apply,
)
