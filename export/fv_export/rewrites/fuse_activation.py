"""ReLU and ReLU6 after a node that can clip its own result are fused into it.

    relu(f(x)) = f_relu(x)          for Conv, DepthwiseConv, Dense, Add, Mul, Affine

A Clip to [0, inf) or [0, 6] is the same thing written otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from fv_export.graph import Add, Affine, Conv, Dense, DepthwiseConv, Fused, Graph, Mul
from fv_export.rewrites._matching import fusible_activation, sole_consumer
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite

_FUSING = (Conv, DepthwiseConv, Dense, Add, Mul, Affine)
_Fusing = Conv | DepthwiseConv | Dense | Add | Mul | Affine


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        before = graph.producer(node.inputs[0])
        if fusible_activation(node) is not None and isinstance(before, _FUSING):
            yield node, before


def _check(graph: Graph, match: Match) -> Refused | None:
    before = cast(_Fusing, match[1])
    if sole_consumer(graph, before.output) is None:
        return Refused(f"{before.output} is read by other nodes too")
    if before.fused is not Fused.NONE:
        return Refused(f"{before.name} applies {before.fused} already")
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    node, before = match[0], cast(_Fusing, match[1])
    fused = fusible_activation(node)
    assert fused is not None  # noqa: S101 - what `_match` selects on
    return Edit({before.name: (replace(before, fused=fused, output=node.output),), node.name: ()})


REWRITE = Rewrite(
    name="fuse_activation",
    phase=Phase.FUSE,
    effect="One pass over the feature map less; in int8 the unclipped values need no range.",
    match=_match,
    check=_check,
    apply=_apply,
)
