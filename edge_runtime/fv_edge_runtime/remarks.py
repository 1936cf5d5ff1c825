"""What somebody should know of a file before relying on it, said of both formats alike."""

from __future__ import annotations

from collections.abc import Iterator

from fv_edge_runtime.facts import ModelFacts, Remark

# TensorFlow Lite's name for an operator that TensorFlow itself runs ("Select TensorFlow operators").
FLEX = "Flex"
# Tensors named in one remark.
_NAMED = 3


def remarks_on_operators(facts: ModelFacts, graph_count: int = 1) -> Iterator[Remark]:
    """Operators that a device's runtime lacks, graphs behind the first one, sizes that are free."""
    flex = [name.removeprefix(FLEX) for name in facts.custom_operators if name.startswith(FLEX)]
    if flex:
        text = f"{', '.join(flex)}: run by TensorFlow itself (Flex delegate), which an app has to ship; no LiteRT alone"
        yield Remark("flex", text)
    custom = [name for name in facts.custom_operators if not name.startswith(FLEX)]
    if custom:
        yield Remark("custom", f"{', '.join(custom)}: only the program that brings these operators can run the file")
    unknown = [name for name in facts.operators if name.startswith("OPERATOR_")]
    if unknown:
        yield Remark("unknown", f"{', '.join(unknown)}: numbers that schema version 3 did not have as of LiteRT 2.3")
    if graph_count > 1:
        yield Remark("graphs", f"{graph_count} graphs: branches or loops that depend on the picture")
    yield from _free(facts)


def _free(facts: ModelFacts) -> Iterator[Remark]:
    if facts.free_shapes:
        names = ", ".join(facts.free_shapes[:_NAMED])
        more = f" and {len(facts.free_shapes) - _NAMED} more" if len(facts.free_shapes) > _NAMED else ""
        yield Remark("free-sizes", f"{len(facts.free_shapes)} tensors have a free size: {names}{more}")
    for signature in facts.signatures:
        if signature.free:
            text = f"the signature {signature.key} has a free size at {', '.join(signature.free)}"
            yield Remark("free-sizes", f"{text}: LiteRT in the browser refuses that")


def remarks_on_labels(facts: ModelFacts) -> Iterator[Remark]:
    """Labels that do not belong to the outputs."""
    count = facts.metadata.label_count if facts.metadata else None
    outputs = facts.outputs[0].shape[-1] if len(facts.outputs) == 1 and facts.outputs[0].shape else -1
    if count is not None and outputs > 0 and count != outputs:
        yield Remark("labels", f"{count} labels for {outputs} outputs: the label file does not belong to this network")
