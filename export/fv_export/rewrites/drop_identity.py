"""Nodes that change nothing are removed.

Affine with scale 1 and shift 0, nothing fused · Reshape to the shape it reads · Pad by nothing · Clip to everything
· Concat of one tensor
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fv_export.graph import NO_PADDING, Affine, Clip, Concat, Fused, Graph, Node, Pad, Reshape
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _does_nothing(graph: Graph, node: Node) -> bool:
    match node:
        case Affine():
            return node.fused is Fused.NONE and bool(np.all(node.scale == 1) and np.all(node.shift == 0))
        case Reshape():
            return node.shape == graph.shapes[node.inputs[0]]
        case Pad():
            return node.padding == NO_PADDING
        case Clip():
            return node.low == -math.inf and node.high == math.inf
        case Concat():
            return len(node.inputs) == 1
        case _:
            return False


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        if _does_nothing(graph, node):
            yield (node,)


def _check(graph: Graph, match: Match) -> Refused | None:
    (node,) = match
    if node.output == graph.output and node.inputs[0] == graph.input:
        return Refused("it is all there is between the input and the output")
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    (node,) = match
    (tensor,) = node.inputs
    if node.output != graph.output:
        return Edit({node.name: ()}, {node.output: tensor})
    # The output keeps its name: who wrote the input writes it now.
    before = graph.producer(tensor)
    assert before is not None  # noqa: S101 - `_check` has refused the graph's input
    return Edit({before.name: (replace(before, output=node.output),), node.name: ()}, {tensor: node.output})


REWRITE = Rewrite(
    name="drop_identity",
    phase=Phase.CLEAN,
    effect="No node, and in int8 no rounding, where nothing is computed.",
    match=_match,
    check=_check,
    apply=_apply,
)
