"""Zero padding in front of a convolution becomes the convolution's own.

    conv_p(pad_q(x)) = conv_(p + q)(x)          both pad with zeros; p, q: rows and columns before and after

Max pooling pads with minus infinity and average pooling does not count its padding, so pools are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from fv_export.graph import Conv, DepthwiseConv, Graph, Pad, Padding
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        if isinstance(node, Pad):
            for after in graph.consumers(node.output):
                yield node, after


def _check(graph: Graph, match: Match) -> Refused | None:
    _, after = match
    if isinstance(after, (Conv, DepthwiseConv)):
        return None
    return Refused(f"{type(after).__name__} {after.name} has no zero padding of its own")


def _apply(graph: Graph, match: Match) -> Edit:
    node, after = cast(tuple[Pad, Conv | DepthwiseConv], match)
    padding = _sum(node.padding, after.padding)
    return Edit({after.name: (replace(after, padding=padding, inputs=node.inputs),)})


def _sum(first: Padding, second: Padding) -> Padding:
    rows, columns = ((a[0] + b[0], a[1] + b[1]) for a, b in zip(first, second, strict=True))
    return rows, columns


REWRITE = Rewrite(
    name="fold_padding",
    phase=Phase.CLEAN,
    effect="No copy of the feature map with a border of zeros.",
    match=_match,
    check=_check,
    apply=_apply,
)
