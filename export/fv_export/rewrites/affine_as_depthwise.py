"""An Affine over a feature map that could not be folded becomes a 1x1 depthwise convolution.

    y_c = s_c x_c + t_c          kernel (1, 1, C, 1) = s, bias = t

A depthwise convolution has int8 scales for each channel and one rounding; a product and a sum would have one
scale for all channels and two roundings. A pure shift stays: it is one addition.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np

from fv_export.graph import Affine, DepthwiseConv, Graph
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        if isinstance(node, Affine) and bool(np.any(node.scale != 1.0)):
            yield (node,)


def _check(graph: Graph, match: Match) -> Refused | None:
    rank = len(graph.shapes[match[0].output])
    return None if rank == 4 else Refused("it acts on a vector, and a depthwise convolution needs a feature map")


def _apply(graph: Graph, match: Match) -> Edit:
    node = cast(Affine, match[0])
    whole = DepthwiseConv(
        name=node.name,
        inputs=node.inputs,
        output=node.output,
        kernel=node.scale[None, None, :, None],
        bias=node.shift,
        strides=(1, 1),
        fused=node.fused,
    )
    return Edit({node.name: (whole,)})


REWRITE = Rewrite(
    name="affine_as_depthwise",
    phase=Phase.FINISH,
    effect="A BatchNorm that nothing takes in is quantized channel by channel.",
    match=_match,
    check=_check,
    apply=_apply,
)
