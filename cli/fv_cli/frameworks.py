"""Keras, imported without its chatter, and not at all for a model file that it would not be given.

TensorFlow's native libraries write to file descriptor 2 before any logging is set up ("All log messages before
absl::InitializeLog()…"), past `TF_CPP_MIN_LOG_LEVEL`. Commands that need Keras call `import_keras` first, before their
own imports can bring it in.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path

from fv_core.signals import held_back
from fv_edge_runtime.native_output import captured_stderr

# Legacy files go the same way: what reads .keras says why it does not read them.
KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")


def import_keras(model: Path | None = None) -> None:
    """Import Keras and its backend; raises what the import raises.

    `model`: what the command was given. A model file is checked first: a refusal needs no Keras, and takes a second
    instead of ten. Raises what `fv_train.load.refuse_unsafe` raises.
    """
    is_model_file = model is not None and model.is_file() and model.suffix.lower() in KERAS_SUFFIXES
    # Where Keras is not installed that is what to say first: its import says it.
    if model is not None and is_model_file and find_spec("keras") is not None:
        from fv_train.load import refuse_unsafe

        refuse_unsafe(model)
    first = "keras" not in sys.modules
    # An interrupt inside of native code may end as an abort, of which nobody would hear: it waits for the end.
    with held_back(), captured_stderr(), _lean() if first else nullcontext():
        import keras  # noqa: F401 - imported for its effect


@contextmanager
def _lean() -> Iterator[None]:
    """Inside, an import of Keras costs two thirds: packages that it can go without are left for those who use them.

    Keras imports scikit-learn, and with it SciPy's statistics, for wrappers of its own; TensorFlow imports JAX where it
    is installed, to convert JAX's models. Both do without where they are missing (docs/findings.md, "What export
    costs"); a command that computes with them imports them later.
    """
    with _no_garbage_yet(), _without("sklearn"):
        # TensorFlow's import brings in Keras, so JAX may be hidden only where Keras will not compute with it.
        if _backend() == "tensorflow" and find_spec("tensorflow") is not None:
            with _without("jax"):
                import tensorflow  # noqa: F401 - imported for its effect
        yield


def _backend() -> str:
    """The backend that Keras will take, as its `backend/config.py` finds it; empty where that cannot be told."""
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    settings = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    if not settings.exists():
        return "tensorflow"
    try:
        return str(json.loads(settings.read_text(encoding="utf-8")).get("backend", "tensorflow"))
    except (OSError, ValueError, AttributeError):
        return ""


@contextmanager
def _without(package: str) -> Iterator[None]:
    """Inside, `package` counts as not installed; not where it is imported already."""
    if package in sys.modules:
        yield
        return
    # The import system's documentation: with None there an import raises ModuleNotFoundError.
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if sys.modules.get(package) is None:
            sys.modules.pop(package, None)


@contextmanager
def _no_garbage_yet() -> Iterator[None]:
    """No collection of garbage inside, and none ever after of what is there at the end: modules, which stay anyway.

    An import makes half a million objects and hardly any garbage, and Python goes through all of them again and again:
    0.7 of 2.9 seconds (docs/findings.md, "What export costs").
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()
