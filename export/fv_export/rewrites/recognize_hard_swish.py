"""The parts of a hard swish become one node.

x * hard_sigmoid(x) = hard_swish(x)
"""

from __future__ import annotations

from collections.abc import Iterator

from fv_export.graph import Activation, Function, Fused, Graph, Mul
from fv_export.rewrites._matching import sole_consumer
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        if not isinstance(node, Mul) or node.fused is not Fused.NONE:
            continue
        for tensor, gate_tensor in (node.inputs, node.inputs[::-1]):
            gate = graph.producer(gate_tensor)
            if isinstance(gate, Activation) and gate.function is Function.HARD_SIGMOID and gate.inputs == (tensor,):
                yield node, gate
                break


def _check(graph: Graph, match: Match) -> Refused | None:
    _, gate = match
    if sole_consumer(graph, gate.output) is None:
        return Refused(f"{gate.output} is read by other nodes too")
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    node, gate = match
    whole = Activation(name=node.name, inputs=gate.inputs, output=node.output, function=Function.HARD_SWISH)
    return Edit({gate.name: (), node.name: (whole,)})


REWRITE = Rewrite(
    name="recognize_hard_swish",
    phase=Phase.RECOGNIZE,
    effect="One kernel instead of two; and the saturating form of int8 can be made of it.",
    match=_match,
    check=_check,
    apply=_apply,
)
