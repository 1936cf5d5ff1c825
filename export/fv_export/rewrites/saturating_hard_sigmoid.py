"""hard_sigmoid in operators that XNNPACK's delegate takes in int8, exactly.

    hard_sigmoid(x) = h / 6,    h = relu6(x + 3)

See `saturating_hard_swish`. In a squeeze-and-excite block the sum then folds into the convolution before it, as a bias
and a fused ReLU6, and the 1/6 passes through the product with the feature map into the next kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from fv_export.graph import Activation, Function, Graph
from fv_export.rewrites._matching import fresh
from fv_export.rewrites._scales import stopped_by
from fv_export.rewrites.saturating_hard_swish import saturating_sum, sixth
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        if isinstance(node, Activation) and node.function is Function.HARD_SIGMOID:
            yield (node,)


def _check(graph: Graph, match: Match) -> Refused | None:
    reason = stopped_by(graph, match[0].output)
    return Refused(f"the factor 1/6 has nowhere to go: {reason}") if reason else None


def _apply(graph: Graph, match: Match) -> Edit:
    node = cast(Activation, match[0])
    (x,) = node.inputs
    channels = graph.shapes[x][-1]
    h = fresh(graph, f"{node.name}_h")
    return Edit({node.name: (saturating_sum(x, h, channels), sixth(node, h, channels))})


REWRITE = Rewrite(
    name="saturating_hard_sigmoid",
    phase=Phase.LOWER,
    effect="The gates of an int8 MobileNetV3 inside the delegate, two operators fewer each.",
    match=_match,
    check=_check,
    apply=_apply,
)
