"""An Affine before a convolution or matrix product goes into its weights.

    W (a x + c) + b = (W a) x + (b + sum over the window of W c)          a, c: one value an input channel

Zero padding is zero *after* the Affine, so with padding the sum is smaller at the border and c cannot be folded. The
scale still can, where no a is 0:

    W pad(a x + c) + b = (W a) pad(x + c / a) + b

which leaves a pure shift.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from fv_export.graph import Affine, Fused, Graph
from fv_export.rewrites._matching import (
    LINEAR,
    Linear,
    fresh,
    has_padding,
    response_to_constant,
    scaled_inputs,
)
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        if isinstance(node, Affine) and node.fused is Fused.NONE:
            for after in graph.consumers(node.output):
                if isinstance(after, LINEAR):
                    yield node, after


def _folds_whole(node: Affine, after: Linear) -> bool:
    return not has_padding(after) or not node.shift.any()


def _check(graph: Graph, match: Match) -> Refused | None:
    node, after = cast(tuple[Affine, Linear], match)
    if _folds_whole(node, after):
        return None
    if bool(np.all(node.scale == 1.0)):
        return Refused(f"{after.name} pads with zeros, so the shift is another at the border")
    if bool(np.any(node.scale == 0.0)):
        return Refused(f"{after.name} pads with zeros and a channel has the scale 0")
    if len(graph.consumers(node.output)) > 1:
        return Refused(f"{after.name} pads with zeros and other nodes read {node.output} too")
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    node, after = cast(tuple[Affine, Linear], match)
    kernel = scaled_inputs(after, node.scale)
    if _folds_whole(node, after):
        bias = np.asarray(after.bias + response_to_constant(after, node.shift), np.float32)
        return Edit({after.name: (replace(after, kernel=kernel, bias=bias, inputs=node.inputs),)})
    name = fresh(graph, f"{node.name}_shift")
    shift = Affine(
        name=name,
        inputs=node.inputs,
        output=name,
        scale=np.ones_like(node.scale),
        shift=np.asarray(node.shift / node.scale, np.float32),
    )
    return Edit({after.name: (shift, replace(after, kernel=kernel, inputs=(name,)))})


REWRITE = Rewrite(
    name="fold_affine_forward",
    phase=Phase.FOLD_FORWARD,
    effect="No pass over the picture for its normalization; the factors of rewritten activations vanish in kernels.",
    match=_match,
    check=_check,
    apply=_apply,
)
