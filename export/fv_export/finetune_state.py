"""What a fine-tuning leaves behind: one archive (`.npz`, no pickles) beside the files that it is for.

Written whole or not at all. While it lasts it holds the vector and Adam's state, so that the next call goes on where
this one was stopped; when it is finished, the vector alone, so that another format asked for later gets the same
weights without another fine-tuning. A state belongs to its settings: with others it is not used.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_core.files import whole_file

_FACTS = "facts"

Settings = dict[str, str]


@dataclass(frozen=True, eq=False)
class State:
    """`step` steps are done under `settings`. `before`: agreement with float before the first, on held-out pictures."""

    settings: Settings
    step: int
    before: float
    arrays: dict[str, NDArray[Any]]


def path_of(out: Path, name: str, scheme: str) -> Path:
    """Where the state of a model's fine-tuning lies."""
    return out / f"{name}_{scheme}.finetune.npz"


def save(path: Path, state: State) -> None:
    """Write a state."""
    facts = {"settings": state.settings, "step": state.step, "before": state.before}
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        everything: dict[str, Any] = {**state.arrays, _FACTS: np.array(json.dumps(facts))}
        np.savez(stream, **everything)


def load(path: Path, settings: Settings) -> State | str:
    """The state at `path` if it is of these settings, else the reason why it is not used; empty where there is none."""
    if not path.exists():
        return ""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
            facts = json.loads(str(data[_FACTS]))
            arrays = {name: data[name] for name in data.files if name != _FACTS}
        found = State(dict(facts["settings"]), int(facts["step"]), float(facts["before"]), arrays)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        return f"its state {path.name} cannot be read ({type(error).__name__})"
    changed = [key for key in settings if found.settings.get(key) != settings[key]]
    return f"changed since then: {', '.join(changed)}" if changed else found
