"""The shift of the picture becomes a whole number; what is left of it goes into the bias.

    conv(pad(x + c)) + b ≈ conv(pad(x + n)) + b + sum over the window of W (c - n)          n = floor(c)

In 8 bits x, the pixels, are whole numbers: x + n is exact where x - 127.5 would round every pixel by half a step, and
with n = -128 the integers do not even change. Zero padding is the only place where the two sides differ: each tap
beyond the border is off by W (c - n), less than one grey level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from fv_export.graph import Affine, Fused, Graph
from fv_export.rewrites._matching import LINEAR, Linear, response_to_constant, sole_consumer
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite

# The five taps of a 3x3 kernel beyond a corner are off by half a grey level each; pictures have contrasts of tens of
# levels and more, so this is a few per cent of the largest value at the corner, and nothing inside.
_TOLERANCE = 1e-1


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.consumers(graph.input):
        if isinstance(node, Affine) and node.fused is Fused.NONE and bool(np.all(node.scale == 1.0)):
            for after in graph.consumers(node.output):
                if isinstance(after, LINEAR) and bool(np.any(node.shift != np.floor(node.shift))):
                    yield node, after


def _check(graph: Graph, match: Match) -> Refused | None:
    node = cast(Affine, match[0])
    if np.ptp(node.shift) > 0:
        return Refused("its shift differs between channels, and one scale of 8 bits cannot hold them all exactly")
    if sole_consumer(graph, node.output) is None:
        return Refused(f"{node.output} is read by other nodes too")
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    node, after = cast(tuple[Affine, Linear], match)
    whole = np.floor(node.shift)
    bias = np.asarray(after.bias + response_to_constant(after, node.shift - whole), np.float32)
    return Edit({node.name: (replace(node, shift=whole),), after.name: (replace(after, bias=bias),)})


REWRITE = Rewrite(
    name="whole_shift",
    phase=Phase.ROUND,
    effect="The int8 picture stays exact in front of a first convolution that pads.",
    match=_match,
    check=_check,
    apply=_apply,
    tolerance=_TOLERANCE,
)
