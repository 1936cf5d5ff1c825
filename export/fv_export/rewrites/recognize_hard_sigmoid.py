"""The parts of a hard sigmoid become one node.

relu6(x + 3) * (1/6) = hard_sigmoid(x)
"""

from __future__ import annotations

from collections.abc import Iterator

from fv_export.graph import Activation, Function, Fused, Graph
from fv_export.rewrites._matching import fusible_activation, is_affine, sole_consumer
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        if not is_affine(node, 1 / 6, 0.0):
            continue
        clipped = graph.producer(node.inputs[0])
        if clipped is None or fusible_activation(clipped) is not Fused.RELU6:
            continue
        shifted = graph.producer(clipped.inputs[0])
        if shifted is not None and is_affine(shifted, 1.0, 3.0):
            yield node, clipped, shifted


def _check(graph: Graph, match: Match) -> Refused | None:
    for part in match[1:]:
        if sole_consumer(graph, part.output) is None:
            return Refused(f"{part.output} is read by other nodes too")
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    node, clipped, shifted = match
    whole = Activation(name=node.name, inputs=shifted.inputs, output=node.output, function=Function.HARD_SIGMOID)
    return Edit({shifted.name: (), clipped.name: (), node.name: (whole,)})


REWRITE = Rewrite(
    name="recognize_hard_sigmoid",
    phase=Phase.RECOGNIZE,
    effect="One kernel instead of three; and the saturating form of int8 can be made of it.",
    match=_match,
    check=_check,
    apply=_apply,
)
