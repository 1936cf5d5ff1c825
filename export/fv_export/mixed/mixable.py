"""An 8-bit file of which layers can be given back to float: what may be restored, and the file that results."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from fv_export.graph import Annotation, Graph
from fv_export.mixed.keep import without_integers

# What stands in the file beside a tensor that the search restored.
RESTORED = "restored to float to keep the drop within the target"


@dataclass(frozen=True, eq=False)
class Mixable:
    """`write`: annotation -> the bytes of the file, equal for equal annotations."""

    graph: Graph
    annotation: Annotation
    write: Callable[[Annotation], bytes]

    def restorable(self) -> tuple[str, ...]:
        """Tensors that can be restored, in order: those stored in integers, without the picture, which is exact."""
        stored = self.annotation.tensors
        return tuple(tensor for tensor in self.graph.tensors() if tensor in stored and tensor != self.graph.input)

    def ordered(self, tensors: Collection[str]) -> tuple[str, ...]:
        """`tensors` in the order of the graph: one name for one set."""
        return tuple(tensor for tensor in self.restorable() if tensor in set(tensors))

    def with_restored(self, tensors: Collection[str]) -> Annotation:
        """The annotation with `tensors` in float."""
        return without_integers(self.annotation, dict.fromkeys(tensors, RESTORED))

    def file(self, tensors: Collection[str]) -> bytes:
        """The file with `tensors` in float."""
        return self.write(self.with_restored(tensors))

    def layer(self, tensor: str) -> str:
        """Name of the layer that writes the tensor."""
        producer = self.graph.producer(tensor)
        return tensor if producer is None else producer.name
