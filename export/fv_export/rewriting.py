"""Rewrites of the normal form, and the runner that holds each to its promise.

A `Rewrite` finds places (`match`), says whether it may act there (`check` answers `Refused` with a sentence, or None),
and describes the change (`apply` answers an `Edit`). The runner makes the change and proves it: on probe pictures every
tensor that is there before and after keeps its value within the rewrite's tolerance. Only the changed nodes are run
again, on the values of the original graph, so each change is proved by itself and errors cannot add up unseen; after
the exact ones the whole graph is compared with the original once more.

Phases run in their order; within a phase rewrites are repeated until none applies, and their order does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from fv_core import golden
from fv_core.registry import Registry
from fv_export.errors import RewriteFailed
from fv_export.execute import needed
from fv_export.graph import Floats, Graph, Node, renamed
from fv_export.operations import run_node
from fv_export.shapes import built

# Share of a tensor's largest magnitude. float32 carries 6e-8, sums over thousands of terms lose about 1e-6, and
# cancellation between a large mean and a small deviation in a BatchNorm two orders more; a wrong fold changes 1e-2.
TOLERANCE = 1e-4
# The same for the answer of the whole graph: an untrained EfficientNet-B0 amplifies rounding by two orders on its way
# (1e-5 of the largest probability was measured); a wrong edge changes all of it.
_TOLERANCE_OF_ANSWER = 1e-3
# Pictures that the proof runs on: all the tensors of an EfficientNet-B0 at 224 px take 100 MB a picture.
_PROBE_PICTURES = 2

# The nodes a rewrite acts on; the first gives the place its name.
Match = tuple[Node, ...]


class Phase(IntEnum):
    """When a rewrite runs, and why the order matters.

    RECOGNIZE comes before any folding, which would hide x + 3 in a bias. LOWER takes apart what the target has no
    kernel for. CLEAN leaves one Affine between two other nodes. FOLD_BACK comes before FOLD_FORWARD, so that an Affine
    between two convolutions goes into the first, where BatchNorm belongs. FUSE comes after all folding: an activation
    can be fused once nothing stands between. ROUND holds the rewrites that are bounded, not exact; the whole graph is
    compared with the original before it, since a deep network may amplify what is small in its first layer.
    """

    RECOGNIZE = 1
    LOWER = 2
    CLEAN = 3
    FOLD_BACK = 4
    FOLD_FORWARD = 5
    FUSE = 6
    ROUND = 7


@dataclass(frozen=True)
class Refused:
    """A place where a rewrite matched and may not act; `why` is a sentence."""

    why: str
    rewrite: str = ""
    where: str = ""

    def __str__(self) -> str:
        return f"{self.rewrite} at {self.where}: {self.why}"


@dataclass(frozen=True)
class Applied:
    """A change that was made and proved; `largest_difference` is relative to the largest magnitude of the tensor."""

    rewrite: str
    where: str
    largest_difference: float

    def __str__(self) -> str:
        return f"{self.rewrite} at {self.where} (largest difference {self.largest_difference:.1e})"


@dataclass(frozen=True)
class Edit:
    """`nodes`: name of a node -> what stands in its place. `tensors`: a tensor's old name -> its new one.

    All readers of a tensor in `tensors` read the new one. Nodes that nothing reads any more are removed by the runner.
    """

    nodes: dict[str, tuple[Node, ...]]
    tensors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rewrite:
    """`effect` says in a sentence what it is good for; `tolerance` is a share of the largest magnitude of a tensor."""

    name: str
    phase: Phase
    effect: str
    match: Callable[[Graph], Iterator[Match]]
    check: Callable[[Graph, Match], Refused | None]
    apply: Callable[[Graph, Match], Edit]
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Rewritten:
    """The graph, what was done to it, and where rewrites matched without being allowed to act."""

    graph: Graph
    applied: tuple[Applied, ...]
    refused: tuple[Refused, ...]

    @property
    def applied_names(self) -> tuple[str, ...]:
        """Names of the rewrites that changed something, in order, each once."""
        return tuple(dict.fromkeys(entry.rewrite for entry in self.applied))


REWRITES: Registry[Rewrite] = Registry("fv_export.rewrites", "REWRITE", "rewrite")


def rewrite(graph: Graph, names: Sequence[str], probe: NDArray[np.generic] | None) -> Rewritten:
    """Apply the rewrites `names` to `graph`, each change proved on the pictures `probe` (n, H, W, C), 0 to 255.

    `probe` None: on drawn pictures. Raises `UnknownName`, and `RewriteFailed` when an answer changed (our fault).
    """
    rewrites = [REWRITES.get(name) for name in names]
    pictures = _drawn(graph) if probe is None else np.asarray(probe[:_PROBE_PICTURES], np.float32)
    proof = _Proof(graph, pictures)
    applied: list[Applied] = []
    original = graph
    for phase in Phase:
        if phase is Phase.ROUND and applied:
            proof.whole(original, graph)
        graph = _phase([entry for entry in rewrites if entry.phase is phase], graph, proof, applied)
    return Rewritten(graph, tuple(applied), tuple(_refusals(graph, rewrites)))


def _refusals(graph: Graph, rewrites: list[Rewrite]) -> Iterator[Refused]:
    """What still matches in the finished graph and may not be done."""
    for entry in rewrites:
        for match in entry.match(graph):
            refusal = entry.check(graph, match)
            if refusal is not None:
                yield replace(refusal, rewrite=entry.name, where=match[0].name)


def _phase(rewrites: list[Rewrite], graph: Graph, proof: _Proof, applied: list[Applied]) -> Graph:
    """Repeat the rewrites of one phase until none of them changes the graph."""
    changed = True
    while changed:
        changed = False
        for entry in rewrites:
            for match in list(entry.match(graph)):
                if not all(graph.producer(node.output) is node for node in match):
                    continue  # an application before this one in the same sweep took it
                if entry.check(graph, match) is not None:
                    continue
                where = match[0].name
                edited = edit(graph, entry.apply(graph, match))
                difference = proof.change(graph, edited, entry, where)
                graph, changed = edited, True
                applied.append(Applied(entry.name, where, difference))
    return graph


def edit(graph: Graph, change: Edit) -> Graph:
    """The graph with `change` made and dead nodes removed."""
    nodes: list[Node] = []
    for node in graph.nodes:
        for new in change.nodes.get(node.name, (node,)):
            reads_renamed = any(tensor in change.tensors for tensor in new.inputs)
            nodes.append(renamed(new, change.tensors) if reads_renamed else new)
    output = change.tensors.get(graph.output, graph.output)
    whole = built(graph.name, graph.input, graph.shapes[graph.input], output, nodes)
    live = needed(whole, [output])
    if len(live) == len(nodes):
        return whole
    return built(graph.name, graph.input, graph.shapes[graph.input], output, live)


def _drawn(graph: Graph) -> Floats:
    """Golden pictures, cut to the shape of the input."""
    _, rows, columns, channels = graph.shapes[graph.input]
    pictures = [golden.draw(seed, max(rows, columns)) for seed in golden.SEEDS[:_PROBE_PICTURES]]
    return np.stack(pictures)[:, :rows, :columns, :channels].astype(np.float32)


class _Proof:
    """The values of every tensor of the original graph on the probe pictures, and of those that rewrites added."""

    def __init__(self, graph: Graph, pictures: Floats) -> None:
        self._pictures = pictures
        self._values: dict[str, Floats] = {graph.input: pictures}
        for node in graph.nodes:
            self._values[node.output] = self._compute(node)

    def change(self, before: Graph, after: Graph, entry: Rewrite, where: str) -> float:
        """The largest relative change of a tensor that is there before and after; raises `RewriteFailed`."""
        known = {id(node) for node in before.nodes}
        largest = 0.0
        for node in after.nodes:
            if id(node) in known:
                continue
            value = self._compute(node)
            if node.output in before.shapes:
                largest = max(largest, relative_difference(value, self._values[node.output]))
            else:
                self._values[node.output] = value
        if not largest <= entry.tolerance:
            raise _broken(entry.name, where, largest, entry.tolerance)
        return largest

    def whole(self, before: Graph, after: Graph) -> None:
        """Compare the outputs of the two graphs; raises `RewriteFailed`."""
        values: dict[str, Floats] = {after.input: self._pictures}
        for node in after.nodes:
            values[node.output] = np.asarray(run_node(node, [values[tensor] for tensor in node.inputs]))
        difference = relative_difference(values[after.output], self._values[before.output])
        if not difference <= _TOLERANCE_OF_ANSWER:
            raise _broken("all rewrites together", after.name, difference, _TOLERANCE_OF_ANSWER)

    def _compute(self, node: Node) -> Floats:
        return np.asarray(run_node(node, [self._values[tensor] for tensor in node.inputs]))


def relative_difference(value: Floats, reference: Floats) -> float:
    """max |value - reference| / max |reference|; infinite where the shapes differ."""
    if value.shape != reference.shape:
        return float("inf")
    magnitude = max(float(np.abs(reference).max()), float(np.finfo(np.float32).tiny))
    return float(np.abs(value - reference).max()) / magnitude


def _broken(name: str, where: str, difference: float, tolerance: float) -> RewriteFailed:
    return RewriteFailed(
        f"the rewrite {name} changed the answers at {where}",
        why=f"by {difference:.1e} of the largest value, more than {tolerance:.0e}; this is a fault of fv",
        hint="export without quantization (--fp32 --via-converter) and report the model's layers (fv export --explain)",
    )
