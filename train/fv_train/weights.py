"""Starting weights from a file: Keras's `.weights.h5`, or an `.npz` of `LAYER/VARIABLE`; all of them, or an error.

An HDF5 file can name other files of this machine and claim sizes that no memory holds, so it is walked in a child
process first (`weights_check`), as the weights inside a foreign `.keras` file are.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fv_core.errors import FvError
from fv_edge_runtime.sandbox import run_in_child
from fv_train.efficientnet_lite import load_npz
from fv_train.errors import BadWeights

if TYPE_CHECKING:
    import keras

# As for the weights inside a `.keras` file: seconds for 2 GiB, and room for h5py, numpy and what a hostile file asks.
_CHECK_SECONDS = 60
_CHECK_MEMORY_BYTES = 4 << 30


def load_file(backbone: keras.Model, path: Path, name: str, *, top: bool = False) -> None:
    """Set every weight of `backbone`, called `name` in errors, from the file; raises `BadWeights`.

    `top`: the network has its published classifier, and the file must have it too.
    """
    if not path.is_file():
        raise BadWeights(f"no weights file at {path}", why="there is no such file", hint="--set model.weights=FILE")
    if not path.name.endswith((".weights.h5", ".npz")):
        raise BadWeights(
            f"cannot read {path} as weights",
            why="weights files end in .weights.h5 (Keras 3) or .npz (LAYER/VARIABLE)",
            hint="keras.Model.save_weights('NAME.weights.h5') writes one",
        )
    try:
        if path.suffix == ".npz":
            load_npz(backbone, path)
        else:
            _load_h5(backbone, path, name)
    except (OSError, ValueError, KeyError, TypeError, UserWarning) as error:
        raise BadWeights(
            f"{path} does not fit {name}",
            why=first_line(error),
            hint="check model.backbone, model.alpha and model.minimalistic; the file must be one "
            + ("with top" if top else "without top"),
        ) from error
    _refuse_non_finite(backbone, path)


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its kind."""
    return (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__


def _refuse_non_finite(backbone: keras.Model, path: Path) -> None:
    for variable, value in zip(backbone.weights, backbone.get_weights(), strict=True):
        if not np.isfinite(value).all():
            count = int((~np.isfinite(value)).sum())
            raise BadWeights(
                f"refused the weights {path}",
                why=f"{count} of the {value.size} values of {variable.path} are infinite or no numbers",
                hint="take the file of another epoch, or --set model.weights=imagenet",
            )


def _load_h5(backbone: keras.Model, path: Path, name: str) -> None:
    try:
        answer = run_in_child(
            "fv_train.weights_check:main",
            str(path.resolve()),
            seconds=_CHECK_SECONDS,
            memory_bytes=_CHECK_MEMORY_BYTES,
        )
    except FvError as error:
        raise BadWeights(f"cannot read the weights {path}", why=str(error), hint="copy the file again") from error
    if not isinstance(answer, dict) or answer["refused"]:
        why = str(answer["refused"]) if isinstance(answer, dict) else "the check gave no answer"
        raise BadWeights(f"refused the weights {path}", why=why)
    found, wanted = int(answer["elements"]), backbone.count_params()
    try:
        with warnings.catch_warnings():
            # Keras only warns when layers keep their random weights.
            warnings.simplefilter("error", UserWarning)
            backbone.load_weights(path)
    except (ValueError, UserWarning) as error:
        if found == wanted:
            raise
        # Keras would name one of its containers.
        raise ValueError(f"it holds {found:,} numbers, {name} of this form has {wanted:,}") from error
