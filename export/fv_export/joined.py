"""Tensors of a graph that must have something in common: a scale, or the number of their channels."""

from __future__ import annotations

from collections.abc import Callable

from fv_export.graph import Graph, Node


def joined(graph: Graph, joins: Callable[[Node], bool]) -> dict[str, str]:
    """Tensor -> one that stands for its group: what a node reads and writes belongs together where it `joins`."""
    leader = {tensor: tensor for tensor in graph.tensors()}

    def find(tensor: str) -> str:
        while leader[tensor] != tensor:
            tensor = leader[tensor]
        return tensor

    for node in graph.nodes:
        if joins(node):
            for tensor in node.inputs:
                leader[find(node.output)] = find(tensor)
    return {tensor: find(tensor) for tensor in leader}
