"""A `.keras` file is read as what it is: a zip archive from outside, hostile until proven otherwise.

The archive must hold exactly `metadata.json`, `config.json` and `model.weights.h5`. The configuration is checked
against a list of what an image classifier can consist of (a list of what is allowed: lists of what is forbidden have
been bypassed, `Lambda` in CVE-2025-9906, `TorchModuleWrapper` in CVE-2025-49655, `TFSMLayer` in CVE-2026-1462). A clean
archive is then written for Keras to read: without the compile configuration (optimizer and loss are not needed, and
their deserialization is one more door), and with every dtype policy float32, for the full model is always the weights
under the float32 policy.
"""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from fv_core.errors import InputError, MissingPath
from fv_train.keras_allowed import LAYERS, MODELS, OPERATIONS, PARTS

MEMBERS = frozenset({"metadata.json", "config.json", "model.weights.h5"})
# EfficientNetV2-L's configuration, the largest of keras.applications, has 2.5 MB; its float32 weights 480 MB.
MAX_CONFIG_BYTES = 32 << 20
MAX_WEIGHTS_BYTES = 2 << 30
# HDF5 with gzip reaches 5 on network weights and 1000 on zeros; a bomb has more.
MAX_RATIO = 1100
MAX_CONFIG_DEPTH = 64
# EfficientNetV2-L has 1,000 layers; Keras builds some 500 a second.
MAX_CALLS = 10_000

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


class LegacyKerasFile(InputError):
    """An HDF5 model file: it can carry code that Keras does not check (CVE-2025-9905)."""

    code = "legacy-keras-file"


class DamagedModel(InputError):
    """A `.keras` file that is truncated, incomplete or not an archive."""

    code = "damaged-model"
    usual_hint = "save or copy the model again"


class UnsafeModel(InputError):
    """A `.keras` file with something in it that is not part of an image classifier, and that we do not run."""

    code = "unsafe-model"
    usual_hint = "save it again where it was made, of built-in Keras layers only: model.save('model.keras')"


def write_clean_copy(source: Path, target: Path) -> None:
    """Check the archive `source` and write what Keras may read of it to `target`.

    Raises `MissingPath`, `LegacyKerasFile`, `DamagedModel` or `UnsafeModel`.
    """
    _refuse_what_is_no_archive(source)
    try:
        with zipfile.ZipFile(source) as archive:
            _check_members(archive, source)
            config = _parse_config(archive, source)
            _check_config(config, source)
            _check_calls(config, source)
            clean = _without_mixed_precision({**config, "compile_config": None})
            with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
                copy.writestr("metadata.json", _whole(archive, "metadata.json"))
                copy.writestr("config.json", json.dumps(clean))
                with archive.open("model.weights.h5") as read, copy.open("model.weights.h5", "w") as write:
                    _copy_weights(read, write, source)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _damaged(source, str(error)) from error


def _refuse_what_is_no_archive(source: Path) -> None:
    if source.is_dir():
        raise MissingPath(
            f"{source} is a folder, not a .keras file",
            why="folders are other formats (SavedModel, Orbax), which can hold code",
            hint=f"name the run or the file in it: {source}/model.keras",
        )
    if not source.is_file():
        raise MissingPath(f"no model at {source}", why="there is no such file", hint=f"ls {source.parent}")
    with source.open("rb") as stream:
        signature = stream.read(8)
    if signature == _HDF5_SIGNATURE or source.suffix in (".h5", ".hdf5"):
        raise LegacyKerasFile(
            f"{source} is a legacy HDF5 model",
            why="the format can carry code that runs when it is loaded",
            hint="save it again where it was made: model.save('model.keras')",
        )
    if source.suffix != ".keras":
        raise DamagedModel(
            f"{source} is not a .keras file", why=f"its suffix is {source.suffix!r}", hint="model.save('model.keras')"
        )


def _check_members(archive: zipfile.ZipFile, source: Path) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise UnsafeModel(f"refused {source}", why="an archive member is there twice")
    surplus = sorted(set(names) - MEMBERS)
    if surplus:
        raise UnsafeModel(
            f"refused {source}",
            why=f"the archive holds {surplus[0]!r}; an image classifier has only {', '.join(sorted(MEMBERS))}",
            hint="save the model without assets and custom objects",
        )
    missing = sorted(MEMBERS - set(names))
    if missing:
        raise _damaged(source, f"the archive has no {missing[0]}")
    for member in members:
        limit = MAX_WEIGHTS_BYTES if member.filename.endswith(".h5") else MAX_CONFIG_BYTES
        if member.file_size > limit or member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise UnsafeModel(
                f"refused {source}", why=f"{member.filename} unpacks to {member.file_size} bytes, the limit is {limit}"
            )
        if stat.S_ISLNK(member.external_attr >> 16) or member.flag_bits & 0x1:
            raise UnsafeModel(f"refused {source}", why=f"{member.filename} is a link or encrypted")


def _parse_config(archive: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    try:
        config = json.loads(_whole(archive, "config.json"))
        json.loads(_whole(archive, "metadata.json"))
    except (UnicodeDecodeError, RecursionError) as error:
        raise _damaged(source, str(error)) from error
    if not isinstance(config, dict) or config.get("class_name") not in MODELS:
        raise _damaged(source, "its configuration describes no model")
    return config


def _copy_weights(read: IO[bytes], write: IO[bytes], source: Path) -> None:
    chunk = read.read(1 << 20)
    if not chunk.startswith(_HDF5_SIGNATURE):
        raise _damaged(source, "its weights are no HDF5 file")
    while chunk:
        write.write(chunk)
        chunk = read.read(1 << 20)


def _whole(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member, never more of it than was declared: `archive.read` unpacks first and cuts then."""
    with archive.open(name) as stream:
        return stream.read(archive.getinfo(name).file_size)


def _check_config(config: dict[str, Any], source: Path) -> None:
    for entry in _objects({**config, "compile_config": None}, source):
        name, module = entry["class_name"], entry.get("module")
        if not _is_allowed(name, module, entry.get("registered_name")):
            raise UnsafeModel(
                f"refused {source}",
                why=f"it contains {name!r} of module {module!r}, which is not part of a plain image classifier",
                hint="replace it by built-in Keras layers and save the model again",
            )
        layer = entry.get("config")
        label = layer.get("name") if isinstance(layer, dict) else None
        if isinstance(label, str) and (".." in label or "\\" in label or label.startswith("/")):
            raise UnsafeModel(f"refused {source}", why=f"a layer is named {label!r}, which is a path")


def _check_calls(config: dict[str, Any], source: Path) -> None:
    calls = _calls(config)
    if calls > MAX_CALLS:
        raise UnsafeModel(f"refused {source}", why=f"its layers are called {calls} times, the limit is {MAX_CALLS}")


def _calls(entry: object) -> int:
    """How many layers are called when the model is: a model inside it brings all of its own, each time it is called."""
    if not isinstance(entry, dict):
        return 0
    config = entry.get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    if entry.get("class_name") not in MODELS or not isinstance(layers, list):
        return 1
    return sum(_times_called(layer) * _calls(layer) for layer in layers)


def _times_called(layer: object) -> int:
    nodes = layer.get("inbound_nodes") if isinstance(layer, dict) else None
    return max(1, len(nodes)) if isinstance(nodes, list) else 1


def _objects(value: object, source: Path, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > MAX_CONFIG_DEPTH:
        raise UnsafeModel(f"refused {source}", why=f"its configuration is nested deeper than {MAX_CONFIG_DEPTH}")
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for inner in value.values():
            yield from _objects(inner, source, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner, source, depth + 1)


def _is_allowed(name: object, module: object, registered: object) -> bool:
    if not isinstance(name, str):
        return False
    if name == "__keras_tensor__":
        return module is None
    if not isinstance(module, str) or (registered is not None and registered != name):
        return False
    if module == "keras.layers" or module.startswith("keras.src.layers."):
        return name in LAYERS
    if module.startswith("keras.src.ops."):
        return name in OPERATIONS
    if module in ("keras", "keras.models") or module.startswith("keras.src.models."):
        return name in MODELS or (module == "keras" and name == "DTypePolicy")
    return module in PARTS and name.isidentifier()


def _without_mixed_precision(value: Any) -> Any:
    """The configuration with every dtype policy float32."""
    if isinstance(value, list):
        return [_without_mixed_precision(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    clean = {key: _without_mixed_precision(inner) for key, inner in value.items()}
    if clean.get("class_name") == "DTypePolicy":
        clean["config"] = {"name": "float32"}
    return clean


def _damaged(source: Path, why: str) -> DamagedModel:
    return DamagedModel(
        f"cannot read {source}", why=why or "it is not a whole .keras archive", hint="save or copy the model again"
    )
