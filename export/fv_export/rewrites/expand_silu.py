"""silu becomes its parts, for formats that have no operator for it.

    silu(x) = x * sigmoid(x)

TFLite's built-in operators and ONNX up to opset 23 have none; both have fast sigmoids and products.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from fv_export.graph import Activation, Function, Graph, Mul
from fv_export.rewrites._matching import fresh
from fv_export.rewriting import Edit, Match, Phase, Refused, Rewrite


def _match(graph: Graph) -> Iterator[Match]:
    for node in graph.nodes:
        if isinstance(node, Activation) and node.function is Function.SILU:
            yield (node,)


def _check(graph: Graph, match: Match) -> Refused | None:
    return None


def _apply(graph: Graph, match: Match) -> Edit:
    node = cast(Activation, match[0])
    (tensor,) = node.inputs
    gate = fresh(graph, f"{node.name}_gate")
    return Edit(
        {
            node.name: (
                Activation(name=gate, inputs=(tensor,), output=gate, function=Function.SIGMOID),
                Mul(name=node.name, inputs=(tensor, gate), output=node.output),
            )
        }
    )


REWRITE = Rewrite(
    name="expand_silu",
    phase=Phase.LOWER,
    effect="Swish in built-in operators.",
    match=_match,
    check=_check,
    apply=_apply,
)
