"""`fv inspect --verify`: does a file still answer on its golden pictures as it did when it was exported?

The pictures are drawn again from the seeds in the manifest. Each must have the SHA-256 that stands there (another
digest: the file's manifest was changed, or this machine draws wrong), and the file's answers must lie within the
tolerance of the manifest. A tolerance above `LARGEST_TOLERANCE` would let anything pass and is itself a failure. All of
it happens in a child process, like every look at a file that nobody vouches for.

It says that the file computes here what it computed there. It is no signature: who can change the weights can also
write another manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fv_core.errors import InputError
from fv_core.manifest import MAX_GOLDEN
from fv_edge_runtime.answers import SECONDS_A_PICTURE, SECONDS_TO_OPEN, memory_for
from fv_edge_runtime.errors import ChildCrashed
from fv_edge_runtime.from_data import rebuilt
from fv_edge_runtime.model_path import check_model_path
from fv_edge_runtime.sandbox import run_in_child

# What `fv export` gives to its coarsest scheme, int8 (fv_export.schemes).
LARGEST_TOLERANCE = 0.1


class NothingToVerify(InputError):
    """A model file without golden pictures."""

    code = "nothing-to-verify"
    usual_hint = "fv export writes files that carry them"


@dataclass(frozen=True)
class GoldenCheck:
    """One golden picture. `same_picture`: drawn with the digest of the manifest. `difference`: the largest of a
    probability from the answer in the manifest, None where there is none; `why` then says why not."""

    seed: int
    same_picture: bool
    difference: float | None
    why: str = ""


@dataclass(frozen=True)
class Verification:
    """The outcome on this machine: `runtime` ran the file; `tolerance` is the manifest's; `why` is one sentence."""

    passed: bool
    why: str
    tolerance: float
    runtime: str
    checks: tuple[GoldenCheck, ...]


def verify(path: Path) -> Verification:
    """Verify the model file at `path` in a child process.

    Raises `NothingToVerify`, what `Classifier` raises for a file that does not open, and the sandbox's errors.
    """
    check_model_path(path)
    seconds = SECONDS_TO_OPEN + SECONDS_A_PICTURE * MAX_GOLDEN
    target = "fv_edge_runtime.inspect_verify:verify_here"
    data = run_in_child(target, str(path), seconds=seconds, memory_bytes=memory_for(path))
    try:
        return rebuilt(Verification, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ChildCrashed("the child process answered nonsense", why=str(error)) from error


def verify_here(path: str) -> Mapping[str, Any]:
    """`verify` in this process, as data."""
    from fv_edge_runtime.classifier import Classifier, check_sound
    from fv_edge_runtime.manifest_io import read_manifest

    check_sound(Path(path))
    manifest = read_manifest(Path(path))
    if manifest is None or not manifest.golden:
        why = "it has no manifest" if manifest is None else "its manifest names none"
        raise NothingToVerify(f"{Path(path).name} has no golden pictures", why=why)
    classifier = Classifier(path)
    checks = tuple(_checked(classifier, one) for one in manifest.golden)
    passed, why = judged(checks, manifest.golden_tolerance)
    return asdict(Verification(passed, why, manifest.golden_tolerance, classifier.session.runtime, checks))


def _checked(classifier: Any, wanted: Any) -> GoldenCheck:
    import numpy as np

    from fv_core import golden
    from fv_edge_runtime.errors import NotProbabilities

    picture = golden.draw(wanted.seed, classifier.input_size)
    same = golden.sha256_of(picture) == wanted.sha256
    try:
        answer = classifier.probabilities(picture[None])[0]
    except NotProbabilities as error:
        return GoldenCheck(wanted.seed, same, None, str(error))
    if len(wanted.file) != len(answer):
        return GoldenCheck(wanted.seed, same, None, f"{len(wanted.file)} stored answers for {len(answer)} outputs")
    difference = float(np.abs(answer - np.asarray(wanted.file, np.float32)).max())
    return GoldenCheck(wanted.seed, same, difference if np.isfinite(difference) else None)


def judged(checks: tuple[GoldenCheck, ...], tolerance: float) -> tuple[bool, str]:
    """Whether the checks are passed, and in one sentence why or why not."""
    if not 0 <= tolerance <= LARGEST_TOLERANCE:
        return False, f"the manifest's tolerance of {tolerance:g} would let anything pass"
    others = [check.seed for check in checks if not check.same_picture]
    if others:
        return False, f"{len(others)} of {len(checks)} pictures are not those of the manifest (seed {others[0]})"
    silent = next((check for check in checks if check.difference is None), None)
    if silent is not None:
        return False, f"no answer that can be compared (seed {silent.seed}): {silent.why or 'it is not finite'}"
    worst = max(check.difference or 0.0 for check in checks)
    if worst > tolerance:
        return False, f"a probability is off by {worst:.2g}, allowed is {tolerance:g}"
    return True, f"{len(checks)} pictures drawn again, answers within {worst:.2g} (allowed {tolerance:g})"
