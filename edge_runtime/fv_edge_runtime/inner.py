"""The tensors inside a network, after it ran: for whoever compares them one by one.

No delegate runs here: what XNNPACK computes inside a partition never reaches memory that one could read. Its kernels
and those of the interpreter round alike, ties apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from fv_edge_runtime.session import Quantization


@dataclass(frozen=True)
class InnerTensor:
    """A tensor that can be read: its name, its shape, and how its integers are to be read (None: as they are)."""

    name: str
    shape: tuple[int, ...]
    quantization: Quantization | None


class InnerSession(Protocol):
    """An opened model whose tensors stay. `tensors` has one entry a name, the last of equal names."""

    tensors: dict[str, InnerTensor]
    input_name: str
    output_name: str
    runtime: str

    def run(self, x: NDArray[Any]) -> None:
        """One inference of `x`, as the input's type wants it."""

    def value(self, name: str) -> NDArray[Any]:
        """A copy of what the last inference left in a tensor, as it is stored."""
