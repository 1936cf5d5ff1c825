"""What every worker must have alike, compared before anything is computed."""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict, dataclass

from fv_core.imageset import ImageSet
from fv_train.begin import TrainOptions, digest_of_teacher, installed_versions
from fv_train.distribute.cluster import Cluster
from fv_train.errors import TeamMismatch

# Arithmetic and random numbers depend on these; a patch release of Python changes neither.
_EQUAL = ("fv", "keras", "tensorflow", "jax", "jaxlib", "numpy", "pillow")
_DIFFERENCES_SHOWN = 4


@dataclass(frozen=True)
class Greeting:
    """`recipe`: resolved, as TOML. `pictures`: fingerprint of the image set. `versions`: of what computes.

    `teacher`: digest of the model that it learns from, empty without one.
    """

    index: int
    workers: tuple[str, ...]
    recipe: str
    pictures: str
    versions: dict[str, str]
    teacher: str = ""

    def to_bytes(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self)).encode()


def own_greeting(options: TrainOptions, cluster: Cluster) -> Greeting:
    """This worker's; raises what an image set can."""
    installed = installed_versions()
    return Greeting(
        cluster.index,
        cluster.workers,
        options.recipe.to_toml(),
        ImageSet.open(options.imageset).fingerprint,
        {name: installed[name] for name in _EQUAL if name in installed},
        digest_of_teacher(options.recipe),
    )


def read_greeting(data: bytes) -> Greeting:
    """From JSON; raises `ValueError` for anything else."""
    try:
        found = json.loads(data)
        return Greeting(
            int(found["index"]),
            tuple(str(address) for address in found["workers"]),
            str(found["recipe"]),
            str(found["pictures"]),
            {str(name): str(version) for name, version in found["versions"].items()},
            str(found["teacher"]),
        )
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


def check(chief: Greeting, other: Greeting) -> None:
    """Raise `TeamMismatch` when the other worker cannot train with the chief; `why` shows both."""
    name = f"worker {other.index}"
    if other.workers != chief.workers:
        why = f"worker 0 has {','.join(chief.workers)}, {name} {','.join(other.workers)}"
        raise TeamMismatch(f"{name} was started with another list of workers", why=why)
    if other.versions != chief.versions:
        names = sorted(chief.versions.keys() | other.versions.keys())
        differ = [key for key in names if chief.versions.get(key) != other.versions.get(key)]
        pairs = [f"{key} {chief.versions.get(key, 'none')} and {other.versions.get(key, 'none')}" for key in differ]
        raise TeamMismatch(f"worker 0 and {name} have different versions", why=", ".join(pairs))
    if other.recipe != chief.recipe:
        lines = difflib.ndiff(chief.recipe.splitlines(), other.recipe.splitlines())
        changed = [line for line in lines if line.startswith(("- ", "+ "))][:_DIFFERENCES_SHOWN]
        raise TeamMismatch(f"worker 0 (-) and {name} (+) have different recipes", why="; ".join(changed))
    if other.pictures != chief.pictures:
        why = f"worker 0 has {chief.pictures[:16]}, {name} {other.pictures[:16]}"
        raise TeamMismatch(f"worker 0 and {name} have different image sets", why=why)
    if other.teacher != chief.teacher:
        why = f"worker 0 has {chief.teacher[:16]}, {name} {other.teacher[:16]}"
        raise TeamMismatch(f"worker 0 and {name} have different teachers", why=why)
