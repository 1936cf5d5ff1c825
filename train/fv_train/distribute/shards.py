"""Which pictures of a batch go to which device.

With R devices a batch of n pictures is put into an order whose R blocks of n / R pictures are the devices' parts. Where
pictures are mixed and every device computes for itself, both of a pair are in one block, so that no device needs the
pictures of another. The partners are a matching (`augment.draw`), so whole pairs fill the blocks; a picture that is its
own partner counts as one. A program over all devices takes the partners from wherever they are, and the batch keeps its
order: even dropout, which draws by place, is that of one device.

One device gets the same pictures with the same random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fv_train.errors import CannotDistribute


@dataclass(frozen=True)
class Shards:
    """This process makes the blocks [first, first + own) of `count` blocks of each batch.

    `one_program`: it reaches over all devices; partners are numbered within the whole batch, otherwise within a block.
    """

    count: int = 1
    first: int = 0
    own: int = 1
    one_program: bool = False

    def check(self, batch_size: int, *, mixing: bool) -> None:
        """Raise `CannotDistribute` when a batch cannot be divided."""
        unit = self.count * (2 if mixing and not self.one_program else 1)
        if self.count > 1 and batch_size % unit:
            larger = batch_size + unit - batch_size % unit
            raise CannotDistribute(
                f"a batch of {batch_size} pictures cannot be divided among {self.count} devices",
                why="mixup and cutmix need whole pairs on each" if mixing and not batch_size % self.count else "",
                hint=f"--set data.batch_size={larger}",
            )

    def rows(self, partner: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(rows, partners): which rows of the batch this process makes, and their partners, numbered anew.

        `partner` (n,) of the whole batch, an involution.
        """
        size = len(partner) // self.count
        whole = np.arange(len(partner))
        if self.count > 1 and not self.one_program:
            # Within a block the order has no meaning; ascending rows are read in the order of the disk.
            whole = np.sort(_pairs_together(partner).reshape(self.count, size), axis=1).ravel()
        place = np.empty(len(whole), dtype=np.int64)
        place[whole] = np.arange(len(whole))
        mine = whole[self.first * size : (self.first + self.own) * size]
        partners = place[partner[mine]]
        return mine, (partners if self.one_program else partners % size).astype(np.int32)


def _pairs_together(partner: NDArray[np.int32]) -> NDArray[np.int64]:
    """All rows, each pair side by side, ordered by the first of it; then the rows without a partner."""
    rows = np.arange(len(partner))
    # Pairs first: with an odd number of single rows between them a pair could lie across two blocks.
    first = np.minimum(rows, partner)
    return np.lexsort((rows, first, partner == rows))
