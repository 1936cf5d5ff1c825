"""Leaving results of layers in float.

The unit is a tensor: where it has no integers, the layer that writes it and the layers that read it compute in float,
and the writers put conversions at the borders. So neighbours are cheaper together than apart.

    restored (by the search)    the tensor keeps its float values; kernels stay in 8 bits and are widened at load, so
                                the file does not grow. With compensated rounding the weights are a twentieth of the
                                damage (docs/findings.md)
    kept (`--keep-float`)       the layer's own weights are float32, too
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from fv_core.registry import unknown_name
from fv_export.graph import Annotation, Conv, Dense, DepthwiseConv, Graph, Node, Softmax

LINEAR = (Conv, DepthwiseConv, Dense)


def without_integers(annotation: Annotation, reasons: Mapping[str, str]) -> Annotation:
    """The annotation with the tensors of `reasons` (tensor -> why) in float."""
    tensors = {name: found for name, found in annotation.tensors.items() if name not in reasons}
    return replace(annotation, tensors=tensors, float_tensors={**annotation.float_tensors, **reasons})


def matching(graph: Graph, patterns: Iterable[str]) -> dict[str, str]:
    """Name of a node -> the first of `patterns` (as of a shell, `*` and `?`) that its name or its result's fits.

    Raises `UnknownName` with the nearest names for a pattern that nothing fits.
    """
    nodes = [node for node in graph.nodes if not isinstance(node, Softmax)]
    found: dict[str, str] = {}
    for pattern in patterns:
        fits = [node.name for node in nodes if fnmatchcase(node.name, pattern) or fnmatchcase(node.output, pattern)]
        if not fits:
            raise unknown_name("layer", pattern, (node.name for node in nodes))
        for name in fits:
            found.setdefault(name, pattern)
    return found


def kept_in_float(
    graph: Graph, annotation: Annotation, unrounded: Graph, patterns: Iterable[str]
) -> tuple[Graph, Annotation]:
    """The graph and the annotation with the layers that fit `patterns` in float, weights included.

    `unrounded`: the same graph before its weights were put on their integer grid. Raises `UnknownName`.
    """
    kept = matching(graph, patterns)
    originals = {node.name: node for node in unrounded.nodes}
    nodes = tuple(_original(node, originals.get(node.name)) if node.name in kept else node for node in graph.nodes)
    reasons = {node.output: f"kept by --keep-float {kept[node.name]}" for node in nodes if node.name in kept}
    weights = {name: found for name, found in annotation.weights.items() if name not in kept}
    return replace(graph, nodes=nodes), without_integers(replace(annotation, weights=weights), reasons)


def _original(node: Node, original: Node | None) -> Node:
    """The node with the weights it had, where it has any."""
    if isinstance(node, LINEAR) and isinstance(original, type(node)):
        return replace(node, kernel=original.kernel, bias=original.bias)
    return node
