"""Proof: a file is opened in a child process, run on real pictures, and compared with the Keras model.

The verdict has a kind (`passed`, `refused`, `not measurable`) and the figures behind it. What counts as equal stands in
the table `schemes.SCHEMES`: float files agree to a largest difference of one probability, integer files to a share of
equal answers and, where labels are known, a drop of top-1.

Where the full model itself does not separate the pictures (untrained), agreement means nothing and is not judged:
fewer than two different answers, or a mean top-1 probability that is hardly above chance.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fv_benchmark.machine import usable_cores
from fv_benchmark.stats import PairedDrop, paired_drop
from fv_core.errors import FvError
from fv_edge_runtime.sandbox import run_in_child

Answers = NDArray[np.float32]

# An untrained network is surer than chance by thousandths. Twice the chance tells it among many classes; of two classes
# that would ask for certainty, so a tenth above the chance is enough.
MIN_ABOVE_CHANCE = 0.1
# Below these a quantized file is marked and kept back (issue: 80 % agreement, 5 points of drop).
MIN_AGREEMENT = 0.80
MAX_DROP_PP = 5.0
# A 224-px EfficientNet-B1 in the reference int16 kernels takes about a second a picture.
SECONDS_FOR_OPENING = 120
SECONDS_PER_PICTURE = 5.0
MEMORY_BYTES = 8 << 30


class FileFailed(FvError):
    """A written file that its runtime cannot open or run."""

    code = "exported-file-failed"


@dataclass(frozen=True)
class Verdict:
    """`kind`: passed, refused or not-measurable. `why`: one sentence.

    `largest_difference`: of one probability, None where an answer is not finite. `agreement`: share of equal answers,
    None where not measurable. `drop`: None without labels or where not measurable. `n`: pictures.
    """

    kind: str
    why: str
    largest_difference: float | None
    agreement: float | None
    drop: PairedDrop | None
    n: int


def answers_of_file(path: Path, inputs: NDArray[np.uint8]) -> Answers:
    """(n, C) probabilities that the file answers on (n, H, W, 3) uint8 inputs.

    Computed in a child process, on all cores. Raises `FileFailed` when its runtime cannot open or run it.
    """
    with tempfile.TemporaryDirectory(prefix="fv-verify-") as folder:
        question, answer = Path(folder) / "inputs.npy", Path(folder) / "answers.npy"
        np.save(question, inputs, allow_pickle=False)
        try:
            run_in_child(
                "fv_export.verify_child:main",
                {"model": str(path), "inputs": str(question), "answers": str(answer), "threads": usable_cores()},
                seconds=SECONDS_FOR_OPENING + SECONDS_PER_PICTURE * len(inputs),
                memory_bytes=MEMORY_BYTES,
            )
        except FvError as error:
            raise FileFailed(f"{path.name} does not run", why=str(error), hint="fv doctor") from error
        return np.asarray(np.load(answer, allow_pickle=False), dtype=np.float32)


def separates(full: Answers) -> bool:
    """Whether the full model separates the pictures at all (see the module)."""
    different, chance = len(np.unique(full.argmax(axis=1))), 1.0 / full.shape[1]
    return different >= 2 and float(full.max(axis=1).mean()) >= chance + min(chance, MIN_ABOVE_CHANCE)


def judge(
    full: Answers,
    file: Answers,
    labels: NDArray[np.int32] | None,
    largest_allowed: float | None,
    max_drop_pp: float = MAX_DROP_PP,
) -> Verdict:
    """Compare the answers (n, C) of the full model and of a file on the same pictures.

    `largest_allowed`: for float files, the largest difference of one probability; None for integer files.
    `max_drop_pp`: of top-1, as measured, for integer files.
    """
    if not np.isfinite(file).all():
        return Verdict("refused", "it answers numbers that are not finite", None, None, None, len(full))
    difference = float(np.abs(full - file).max())
    measurable = separates(full)
    agreement = float(np.mean(full.argmax(axis=1) == file.argmax(axis=1))) if measurable else None
    drop = None
    if measurable and labels is not None:
        drop = paired_drop(full.argmax(axis=1) == labels, file.argmax(axis=1) == labels)
    kind, why = _verdict(difference, agreement, drop, largest_allowed, max_drop_pp)
    return Verdict(kind, why, difference, agreement, drop, len(full))


def _verdict(
    difference: float,
    agreement: float | None,
    drop: PairedDrop | None,
    largest_allowed: float | None,
    max_drop_pp: float,
) -> tuple[str, str]:
    if largest_allowed is not None:
        if difference > largest_allowed:
            return "refused", f"a probability differs by {difference:.1e} from Keras, allowed is {largest_allowed:.0e}"
        return "passed", f"equal to Keras within {difference:.1e}"
    if agreement is None:
        return "not-measurable", "the full model does not separate these pictures (untrained?)"
    if agreement < MIN_AGREEMENT:
        return "refused", f"it agrees with the full model on {agreement:.1%} of the pictures, below {MIN_AGREEMENT:.0%}"
    if drop is not None and drop.drop_pp > max_drop_pp:
        return "refused", f"it loses {drop.drop_pp:.1f} points of top-1, more than {max_drop_pp:g}"
    return "passed", f"it agrees with the full model on {agreement:.1%} of the pictures"
