"""Load anybody's `.keras` classifier safely, under the float32 policy, or say why not."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fv_core.errors import FvError, InputError
from fv_edge_runtime.sandbox import run_in_child
from fv_train.keras_archive import DamagedModel, UnsafeModel, write_clean_copy
from fv_train.keras_sizes import check_sizes

if TYPE_CHECKING:
    import keras

# HDF5 of 2 GiB is walked, not read: seconds. The address space holds h5py, numpy and what a hostile file asks for.
_CHECK_SECONDS = 60
_CHECK_MEMORY_BYTES = 4 << 30


class NotAClassifier(InputError):
    """A model that is no image classifier: one picture in, one softmax over at least two classes out."""

    code = "not-a-classifier"
    usual_hint = "keras.Model(picture, keras.layers.Softmax()(logits)).save('model.keras') is one"


def load_classifier(path: Path) -> keras.Model:
    """Load the `.keras` file at `path` for inference.

    The result has one input (None, H, W, 3) with static H = W and one output (None, C >= 2) of softmax probabilities.
    Raises `MissingPath`, `LegacyKerasFile`, `DamagedModel`, `UnsafeModel` or `NotAClassifier`.
    """
    with tempfile.TemporaryDirectory(prefix="fv-load-") as folder:
        clean = Path(folder) / "model.keras"
        stored_elements = check_file(path, clean)
        model = _load(clean, stored_elements, path)
    check_is_classifier(model, path)
    return model


def check_file(path: Path, clean: Path) -> int:
    """Everything that can be found out about a `.keras` file without Keras; writes what Keras may read to `clean`.

    Returns how many numbers its weights have. Raises `MissingPath`, `LegacyKerasFile`, `DamagedModel`, `UnsafeModel`.
    """
    write_clean_copy(path, clean)
    return _check_weights(clean, clean.parent, path)


def refuse_unsafe(path: Path) -> None:
    """`check_file` for its errors alone, in a second, before the seconds that importing Keras takes."""
    with tempfile.TemporaryDirectory(prefix="fv-check-") as folder:
        check_file(path, Path(folder) / "model.keras")


def check_is_classifier(model: keras.Model, path: Path) -> None:
    """Raise `NotAClassifier` unless the model is one picture in, one softmax over at least two classes out."""
    if len(model.inputs) != 1:
        raise NotAClassifier(f"{path} has {len(model.inputs)} inputs", why="an image classifier has one")
    if len(model.outputs) != 1:
        raise NotAClassifier(
            f"{path} has {len(model.outputs)} outputs",
            why="an image classifier has one",
            hint="keras.Model(model.input, model.outputs[0]).save('one-output.keras')",
        )
    _check_input(tuple(model.inputs[0].shape), path)
    _check_output(model, tuple(model.outputs[0].shape), path)


def _check_input(shape: tuple[Any, ...], path: Path) -> None:
    if len(shape) != 4 or shape[3] != 3:
        raise NotAClassifier(f"{path} reads {shape}", why="pictures are (batch, height, width, 3)")
    if shape[1] is None or shape[2] is None:
        raise NotAClassifier(
            f"{path} has no fixed picture size",
            why="a device needs static shapes",
            hint="build the model with keras.Input((224, 224, 3)) and load the weights into it",
        )
    if shape[1] != shape[2]:
        raise NotAClassifier(f"{path} reads pictures of {shape[1]} x {shape[2]}", why="only squares are supported")


def _check_output(model: keras.Model, shape: tuple[Any, ...], path: Path) -> None:
    if len(shape) != 2 or shape[1] is None:
        raise NotAClassifier(f"{path} answers {shape}", why="a classifier answers (batch, classes)")
    if shape[1] < 2:
        raise NotAClassifier(
            f"{path} has one class", why="a softmax over one class is always 1", hint="train with at least two classes"
        )
    if not _ends_in_softmax(model):
        raise NotAClassifier(
            f"{path} does not end in a softmax",
            why="its answers are not probabilities",
            hint="keras.Sequential([model, keras.layers.Softmax()]).save('with-softmax.keras')",
        )


def _ends_in_softmax(model: keras.Model) -> bool:
    last = model.outputs[0]._keras_history.operation
    if hasattr(last, "outputs") and hasattr(last, "layers"):
        return _ends_in_softmax(last)
    if type(last).__name__ == "Softmax":
        return True
    activation = getattr(last, "activation", None)
    return getattr(activation, "__name__", "") == "softmax"


def _check_weights(clean: Path, folder: Path, path: Path) -> int:
    with zipfile.ZipFile(clean) as archive:
        weights = archive.extract("model.weights.h5", folder)
    try:
        answer = run_in_child(
            "fv_train.weights_check:main", str(weights), seconds=_CHECK_SECONDS, memory_bytes=_CHECK_MEMORY_BYTES
        )
    except FvError as error:
        raise DamagedModel(
            f"cannot read the weights of {path}", why=str(error), hint="save or copy the model again"
        ) from error
    if not isinstance(answer, dict):
        raise DamagedModel(f"cannot read the weights of {path}", why="the check gave no answer")
    if answer["refused"]:
        raise UnsafeModel(f"refused the weights of {path}", why=str(answer["refused"]))
    return int(answer["elements"])


def _load(clean: Path, stored_elements: int, path: Path) -> keras.Model:
    import keras

    try:
        with zipfile.ZipFile(clean) as archive:
            check_sizes(json.loads(archive.read("config.json")), stored_elements, path)
        return keras.saving.load_model(clean, compile=False, safe_mode=True)
    except (ValueError, TypeError, LookupError, OSError, AttributeError, RuntimeError, ArithmeticError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DamagedModel(
            f"Keras cannot load {path}", why=first, hint="save it with Keras 3.15 or newer: model.save('model.keras')"
        ) from error
